"""Encoders of sound and images: a front end and a trunk."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AclAudioTrunk": "acl_audio_trunk",
        "ApplicationTrunk": "application_trunk",
        "ASTTrunk": "ast_trunk",
        "AudioWarmUpClassifier": "audio_warm_up_classifier",
        "CAVMAEBackbone": "cavmae_backbone",
        "CAVMAEDecoder": "cavmae_decoder",
        "CAVMAETrunk": "cavmae_trunk",
        "ChunkedEncoder": "chunked_encoder",
        "ConvolutionalLSTMTrunk": "convolutional_lstm_trunk",
        "ConvolutionalTrunk": "convolutional_trunk",
        "DaveNetAudioTrunk": "davenet_audio_trunk",
        "DiscriminantTrunk": "discriminant_trunk",
        "DrawingTrunk": "drawing_trunk",
        "ImageMap": "image_map",
        "ImageTrunk": "image_trunk",
        "JoinedTrunk": "joined_trunk",
        "LSTMTrunk": "lstm_trunk",
        "MelCNNTrunk": "mel_cnn_trunk",
        "NipsAudioTrunk": "nips_audio_trunk",
        "PixelEncoder": "pixel_encoder",
        "pooled": "pooled_maps",
        "ProjectedTrunk": "projected_trunk",
        "RawWaveformTrunk": "raw_waveform_trunk",
        "ResDaveNetAudioTrunk": "resdavenet_audio_trunk",
        "ResidualTrunk": "residual_trunk",
        "SharedConvolutionTrunk": "shared_convolution_trunk",
        "SoundMapTrunk": "sound_map_trunk",
        "VGGPenultimate": "vgg_penultimate",
        "VGGTrunk": "vgg_trunk",
        "WaveformEncoder": "waveform_encoder",
    },
)
