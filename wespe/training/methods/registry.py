"""The training methods there are. Their code is imported where it trains: torch takes seconds."""

from wespe.training.methods.compact import settings as compact
from wespe.training.methods.dped import settings as dped
from wespe.training.methods.edsr import settings as edsr
from wespe.training.methods.esrgan import settings as esrgan
from wespe.training.methods.johnson import settings as johnson
from wespe.training.methods.rrdb import settings as rrdb
from wespe.training.methods.settings import Recipe
from wespe.training.methods.srcnn import settings as srcnn
from wespe.training.methods.srcnn_sr import settings as srcnn_sr
from wespe.training.methods.srgan import settings as srgan
from wespe.training.methods.srresnet import settings as srresnet
from wespe.training.methods.tecogan import settings as tecogan
from wespe.training.methods.wespe import settings as wespe

RECIPES: dict[str, type[Recipe]] = {
    "wespe": wespe.WespeRecipe,
    "dped": dped.DpedRecipe,
    "srcnn": srcnn.SrcnnRecipe,
    "johnson": johnson.JohnsonRecipe,
    "compact": compact.CompactRecipe,
    "srresnet": srresnet.SrResNetRecipe,
    "edsr": edsr.EdsrRecipe,
    "rrdb": rrdb.RrdbRecipe,
    "srgan": srgan.SrganRecipe,
    "esrgan": esrgan.EsrganRecipe,
    "tecogan": tecogan.TecoganRecipe,
    "srcnn_sr": srcnn_sr.SrcnnSrRecipe,
}
"""By the setting `method`; each class names the step that trains with it."""
