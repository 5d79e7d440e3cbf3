"""Labeled Faces in the Wild, funneled: the first ten photographs of each of 62 people, or of all 158 with ten or more.

From the photographs, which the registry has at 150 x 150 pixels, the part that scikit-learn takes is cut out, grey, and
reduced to 32 x 28 pixels. The 62 people have 20 photographs or more in the whole set.
"""

from pathlib import Path
from typing import Literal

import numpy as np
from skimage.transform import resize

from benchmark.algorithms.choices import check_choices
from benchmark.contract import Item
from benchmark.loaders.colours import luminance
from benchmark.loaders.signals import normalised
from deeptensor.images import read_image

KIND = "samples"
TITLE = "LFW, funneled"
LICENCE = "not stated beside the images, which are for research"
CITATION = (
    "Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild: A Database for Studying Face Recognition in "
    "Unconstrained Environments. Technical report 07-49, University of Massachusetts, Amherst, 2007; funneled: Huang, "
    "Jain, Learned-Miller, ICCV 2007"
)
STANDS_IN_FOR = "the LFW images of the CVPR 2019 paper, whose crop, size, people and split are not printed"

MANY = """
Alejandro_Toledo Alvaro_Uribe Amelie_Mauresmo Andre_Agassi Angelina_Jolie Ariel_Sharon Arnold_Schwarzenegger
Atal_Bihari_Vajpayee Bill_Clinton Carlos_Menem Colin_Powell David_Beckham Donald_Rumsfeld George_Robertson George_W_Bush
Gerhard_Schroeder Gloria_Macapagal_Arroyo Gray_Davis Guillermo_Coria Hamid_Karzai Hans_Blix Hugo_Chavez Igor_Ivanov
Jack_Straw Jacques_Chirac Jean_Chretien Jennifer_Aniston Jennifer_Capriati Jennifer_Lopez Jeremy_Greenstock Jiang_Zemin
John_Ashcroft John_Negroponte Jose_Maria_Aznar Juan_Carlos_Ferrero Junichiro_Koizumi Kofi_Annan Laura_Bush
Lindsay_Davenport Lleyton_Hewitt Luiz_Inacio_Lula_da_Silva Mahmoud_Abbas Megawati_Sukarnoputri Michael_Bloomberg
Naomi_Watts Nestor_Kirchner Paul_Bremer Pete_Sampras Recep_Tayyip_Erdogan Ricardo_Lagos Roh_Moo-hyun Rudolph_Giuliani
Saddam_Hussein Serena_Williams Silvio_Berlusconi Tiger_Woods Tom_Daschle Tom_Ridge Tony_Blair Vicente_Fox Vladimir_Putin
Winona_Ryder
""".split()


def load(folder: Path, *, people: Literal[62, 158] = 62, splits: int = 1, train: int = 8) -> list[Item]:
    """Return the faces (n x 32 x 28), labelled from 0 in the order of names, once for each of `splits` random splits.

    In each, `train` images of each person have the mark `training`.
    """
    check_choices(load, people=people)
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and (people == 158 or path.name in MANY))
    paths = [path for own in folders for path in sorted(own.glob("*.jpg"))]
    labels = np.array([folders.index(path.parent) for path in paths])
    faces = normalised(TITLE, np.stack([face(path) for path in paths]))
    return [
        Item(f"split-{seed}", faces, extras={"labels": labels, "training": drawn(labels, train, seed)})
        for seed in range(splits)
    ]


def face(path: Path) -> np.ndarray:
    """Return the face in a photograph of 150 x 150 pixels, grey, 32 x 28."""
    grey = luminance(read_image(path))
    return resize(grey[42:117, 47:103], (32, 28), anti_aliasing=True)


def drawn(labels: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Return a mask of `number` images of each person, drawn at random."""
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(labels == name))[:number] for name in np.unique(labels)]
    return np.isin(np.arange(len(labels)), np.concatenate(chosen))
