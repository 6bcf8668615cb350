"""Makes the bundled recordings: 24 synthetic voices, each saying 6 sentences, with the speech synthesiser espeak-ng.

Run it as `python src/comparators/data/make_voices.py`; the same version of espeak-ng gives the same samples again.
`voices/README.md` says what the recordings are for. The script belongs to the repository and is not installed.
"""

import argparse
import csv
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

SAMPLE_RATE = 16_000
LEVEL_DBFS = -27.0
SILENCE_DB = -40.0
MARGIN_SECONDS = 0.05


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker: espeak-ng's accent, variant (a vocal tract), pitch (0 to 99) and words a minute."""

    accent: str
    variant: str
    pitch: int
    speed: int

    @property
    def language(self) -> str:
        return self.accent.split("-")[0]


# Variants and pitches were picked one after the other, each as far as possible from those before, so that the voices
# differ in more than their language: voices of one language say the same sentences.
VOICES = (
    Voice("en-us", "travis", 20, 165),
    Voice("en-us", "anika", 50, 145),
    Voice("en-us", "robosoft6", 20, 160),
    Voice("en-us", "f5", 80, 160),
    # espeak-ng 1.51 ignores a variant of plain "en-gb" without a word.
    Voice("en-gb-x-rp", "kaukovalta", 20, 165),
    Voice("en-gb-x-rp", "steph2", 20, 160),
    Voice("en-gb-x-rp", "benjamin", 50, 165),
    Voice("en-gb-scotland", "Mario", 80, 160),
    Voice("en-gb-scotland", "norbert", 50, 165),
    Voice("en-029", "belinda", 20, 160),
    Voice("de", "Alicia", 50, 180),
    Voice("de", "boris", 20, 165),
    Voice("de", "announcer", 20, 165),
    Voice("fr", "Marco", 50, 185),
    Voice("fr", "grandma", 20, 150),
    Voice("fr", "iven", 80, 150),
    Voice("es", "marcelo", 20, 165),
    Voice("es", "linda", 80, 165),
    Voice("es", "UniRobot", 50, 165),
    Voice("it", "sandro", 20, 165),
    Voice("it", "zac", 80, 165),
    Voice("nl", "Jacky", 20, 165),
    Voice("sv", "Gene2", 50, 165),
    Voice("pt-br", "david", 50, 165),
)

SENTENCES = {
    "en": (
        "The morning train was late, so we walked along the river.",
        "My neighbour keeps nine hives of bees behind the old wall.",
        "Please leave the blue umbrella next to the kitchen door.",
        "Two brown dogs were sleeping under the bench in the park.",
        "She found a small silver key inside the pocket of her coat.",
        "We will bring warm bread, cheese and apples for the journey.",
    ),
    "de": (
        "Am Abend saßen wir lange am Feuer und sangen leise Lieder.",
        "Der Bäcker an der Ecke öffnet heute erst um halb sieben.",
        "Meine Schwester sucht seit gestern ihren grünen Regenschirm.",
        "Hinter dem Bahnhof wachsen hohe Bäume mit gelben Blättern.",
        "Bring bitte zwei Flaschen Wasser und etwas Brot zum Garten.",
        "Im Winter fährt kein Boot mehr über den zugefrorenen See.",
    ),
    "fr": (
        "Le vieux moulin tourne encore quand le vent vient de la mer.",
        "Nous avons acheté des cerises et du fromage au marché.",
        "Ma cousine apprend à jouer du violon depuis trois semaines.",
        "Il faut fermer la fenêtre avant que la pluie commence.",
        "Le chat noir dort toujours sur la chaise près du piano.",
        "Demain matin, le premier bateau part à six heures et demie.",
    ),
    "es": (
        "Mañana temprano saldremos en barco hacia la isla pequeña.",
        "El perro de mi vecina ladra cuando pasa el cartero.",
        "Hemos plantado tres limoneros junto a la puerta del patio.",
        "La biblioteca del pueblo cierra los lunes por la tarde.",
        "Mi abuelo cuenta historias de viajes que nunca terminan.",
        "Compra pan, tomates y aceite antes de volver a casa.",
    ),
    "it": (
        "La domenica mattina il mercato riempie tutta la piazza.",
        "Mio fratello ripara biciclette in una piccola bottega.",
        "Ho lasciato gli occhiali sul tavolo accanto alla finestra.",
        "Il treno della sera arriva sempre con dieci minuti di ritardo.",
        "In autunno raccogliamo le castagne nel bosco sopra il paese.",
        "Questa chiave apre la porta verde in fondo al corridoio.",
    ),
    "nl": (
        "Op zaterdag fietsen we langs het kanaal naar het strand.",
        "De buurvrouw heeft haar rode schoenen op de trap gezet.",
        "In de tuin achter het huis staan vier oude appelbomen.",
        "Kun je morgen brood en melk meenemen van de markt?",
        "Het licht in de keuken brandt nog tot ver na middernacht.",
        "Mijn broer speelt elke avond een uur op zijn trompet.",
    ),
    "sv": (
        "På sommaren ror vi ut till ön och plockar blåbär.",
        "Min syster har glömt sin gula tröja på bussen igen.",
        "Den gamla klockan i köket går alltid fem minuter fel.",
        "Vi satte oss vid elden och väntade på att snön skulle sluta.",
        "Bakom ladan sover tre katter i det varma höet.",
        "I morgon bakar farfar bröd med nötter och honung.",
    ),
    "pt": (
        "O barco azul volta ao porto antes de cair a noite.",
        "Minha tia planta tomates e flores no quintal de casa.",
        "Deixei o casaco molhado pendurado atrás da porta.",
        "O menino desenhou um navio grande na areia da praia.",
        "A padaria da esquina abre todos os dias bem cedo.",
        "Depois da chuva, o rio ficou largo e cheio de folhas.",
    ),
}


def synthesise(voice: Voice, text: str) -> np.ndarray:
    """Returns one sentence said by a voice: float32 `(samples,)` at 16 kHz, as espeak-ng speaks it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sentence.wav")
        options = ["-v", f"{voice.accent}+{voice.variant}", "-p", str(voice.pitch), "-s", str(voice.speed)]
        subprocess.run(["espeak-ng", *options, "-w", str(path), text], check=True)
        samples, rate = soundfile.read(path, dtype="float32")
    return soxr.resample(samples, rate, SAMPLE_RATE)


def trim_and_level(samples: np.ndarray) -> np.ndarray:
    """Cuts the silence at both ends, up to a short margin, and sets the root mean square to `LEVEL_DBFS`."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** (SILENCE_DB / 20))
    margin = round(MARGIN_SECONDS * SAMPLE_RATE)
    samples = samples[max(loud[0] - margin, 0) : loud[-1] + margin]
    return samples * 10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(samples**2))


def make_voices(folder: Path) -> None:
    """Writes the recordings of all voices and `manifest.csv` into a folder.

    Args:
        folder: where the files go; it is made if it does not exist.

    Raises:
        FileNotFoundError: if espeak-ng is not installed.
    """
    if shutil.which("espeak-ng") is None:
        raise FileNotFoundError("The program espeak-ng was not found. Install the package `espeak-ng`.")
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, voice in enumerate(VOICES, start=1):
        for sentence, text in enumerate(SENTENCES[voice.language], start=1):
            samples = trim_and_level(synthesise(voice, text))
            name = f"voice_{number:02d}_sentence_{sentence}.flac"
            soundfile.write(folder / name, samples, SAMPLE_RATE, subtype="PCM_16", compression_level=1.0)
            rows.append(
                {
                    "path": name,
                    "label": f"voice-{number:02d}",
                    "sentence": sentence,
                    "language": voice.accent,
                    "variant": voice.variant,
                    "pitch": voice.pitch,
                    "speed": voice.speed,
                    "text": text,
                    "seconds": f"{len(samples) / SAMPLE_RATE:.2f}",
                }
            )
    with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes the bundled synthetic recordings with espeak-ng.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "voices")
    make_voices(parser.parse_args().folder)
