"""`comparators search`: ask with a word, a text, a sound or a picture; the most alike answer, the best first."""

import click

from comparators.command_line import options
from comparators.command_line.report import counted, print_json, shortened, text_table

_SHOWN_CHARACTERS = 100


@click.command(short_help="Ask with a text, a sound or a picture; the files or texts most like it answer.")
@click.argument("model_name", metavar="MODEL")
@click.argument("query")
@options.sources
@click.option("--role", metavar="NAME", help="Role of QUERY in a model of two.  [default: by its kind]")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="How many to show.")
@options.label_column
@options.split
@options.json
@options.quiet
def search(
    model_name: str,
    query: str,
    sources: tuple[str, ...],
    role: str | None,
    limit: int,
    label_column: str | None,
    split: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Rank what is in SOURCE (folders or CSV files) by its similarity to QUERY: a word, a text, a recording, an image.

    With MODEL of two roles, what is of the other role than QUERY answers: recordings to a word, images to a recording
    (or words, the labels in SOURCE); of two roles of texts, the first asks. With a model of one role, things of the
    same kind answer. Texts are the column text (or that of their role) of a CSV file, or the lines of a .txt file; a
    QUERY that names a .txt file stands for the text in it. SOURCE may be an .npz file that `comparators embed` wrote,
    unless the model compares maps of images and sounds.

    \b
    comparators search sounds.keras "rooster" recordings/
    comparators search digits.keras seven.wav matches.csv --limit 3
    comparators search speaker-encoder a.wav voices.npz --json
    comparators search sentences.keras "a dog runs" texts.csv

    Exit status: 0 done; 1 done, files were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.inputs import as_file_model, has_two_roles, is_text_model, load_any_model

    model = load_any_model(model_name)
    from comparators.command_line.searching import search_one_role, search_two_roles

    if has_two_roles(model):
        found = search_two_roles(model, query, role, sources, label_column, split, quiet)
    elif role is not None:
        raise ValueError(f"'{model_name}' is a model of one role. Received: --role {role}. Leave it out.")
    else:
        model = model if is_text_model(model) else as_file_model(model, model_name, [query])
        found = search_one_role(model, model_name, query, sources, label_column, split, quiet)
    ranked = found.ranked(limit)
    if as_json:
        answer = {"query": query, "role": found.role, "searched": len(found.items)}
        print_json({**answer, "results": ranked.to_dict("records"), "failures": found.failures})
    else:
        if "text" in ranked:
            ranked["text"] = [shortened(" ".join(text.split()), _SHOWN_CHARACTERS) for text in ranked["text"]]
        click.echo(text_table(list(ranked), ranked.values.tolist()))
        click.echo(f"the first {len(ranked):,} of {counted(len(found.items), 'item')}")
    return 1 if found.failures else 0
