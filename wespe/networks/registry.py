"""The architectures and feature extractors there are. Their code is imported where it runs."""

ARCHITECTURES: dict[str, str] = {
    "dped": "wespe.networks.generator:Generator",
    "srcnn": "wespe.networks.srcnn:Srcnn",
    "johnson": "wespe.networks.johnson:JohnsonNetwork",
    "compact": "wespe.networks.enlarging.compact:Compact",
    "recurrent": "wespe.networks.enlarging.recurrent:Recurrent",
    "srresnet": "wespe.networks.enlarging.srresnet:SrResNet",
    "edsr": "wespe.networks.enlarging.edsr:Edsr",
    "rrdb": "wespe.networks.enlarging.rrdb:Rrdb",
}
"""By the name in the header of a network's file: an `Enhancer`, as `module:class`."""

LIGHT: dict[str, str] = {
    "dped": "wespe.networks.light.generator:LightGenerator",
    "srcnn": "wespe.networks.light.srcnn:LightSrcnn",
    "johnson": "wespe.networks.light.johnson:LightJohnson",
    "compact": "wespe.networks.light.compact:LightCompact",
    "recurrent": "wespe.networks.light.compact:LightRecurrent",
    "srresnet": "wespe.networks.light.srresnet:LightSrResNet",
    "edsr": "wespe.networks.light.edsr:LightEdsr",
    "rrdb": "wespe.networks.light.rrdb:LightRrdb",
}
"""Those that run without torch, by the same name: a `LightNetwork`. Others need torch."""

_PERCEPTUAL = "wespe.networks.perceptual"
EXTRACTORS: dict[str, str] = {
    "vgg19": f"{_PERCEPTUAL}:vgg19",
    "mobilenet_v2": f"{_PERCEPTUAL}:mobilenet_v2",
    "untrained": f"{_PERCEPTUAL}:untrained",
}
"""By the setting `content.extractor`, as `module:function`: the layers up to a named one."""
