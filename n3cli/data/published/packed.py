"""The collections that are published as archives, and those to be fetched by hand: a record each.

No list of their files is published. Sizes and SHA-256 of archives stand here where they are known
from a public record; what is not known is None, and the program says so.
"""

from __future__ import annotations

from n3cli.data.published.collection import Archive, Collection

_DIV2K = "https://data.vision.ee.ethz.ch/cvl/DIV2K"
_YI = "http://webhome.cs.uvic.ca/~kyi/files/2018/learned-correspondence"
_RELEASE = "https://github.com/vcg-uvic/learned-correspondence-release"
_SIDD = "https://www.eecs.yorku.ca/~kamel/sidd/"

_ASK = "as its homepage says; not known here, read them there first"
_CORRESPONDENCES = "Yi, Trulls, Ono, Lepetit, Salzmann, Fua: Learning to Find Good Correspondences"
_ABDELHAMED = (
    "Abdelhamed, Lin, Brown: A High-Quality Denoising Dataset for Smartphone Cameras, CVPR 2018"
)


def _sidd(
    part: str, title: str, about: str, archives: tuple[Archive, ...], kind: str
) -> Collection:
    return Collection(
        f"sidd-{part}",
        title,
        about,
        _ASK,
        _ABDELHAMED,
        _SIDD,
        archives=archives,
        steps="its makers offer it behind links that change.",
        kind=kind,
    )


def _oanet(name: str, title: str, what: str, file: str) -> Collection:
    return Collection(
        name,
        title,
        f"putative SIFT correspondences of {what} with poses, to test on",
        _ASK,
        "Zhang, Sun, Luo, Yao, Zhou, Shen, Chen, Quan, Liao: Learning Two-View Correspondences and "
        "Geometry Using Order-Aware Network, ICCV 2019",
        "https://github.com/zjhthu/OANet",
        archives=(Archive(file),),
        steps="its makers give the photos, and scripts that make this file of them.",
        kind="correspondences",
        tasks=("match",),
    )


PACKED = (
    Collection(
        "div2k",
        "DIV2K",
        "900 colour photos, 2040 pixels on the longer side in most: 800 train, 100 validation",
        "academic research only; the makers of the photos keep their rights",
        "Agustsson, Timofte: NTIRE 2017 Challenge on Single Image Super-Resolution: Dataset and "
        "Study, CVPRW 2017",
        f"{_DIV2K}/",
        # Sizes and SHA-256 as TensorFlow Datasets records them (url_checksums/div2k.txt).
        archives=(
            Archive(
                "DIV2K_train_HR.zip",
                f"{_DIV2K}/DIV2K_train_HR.zip",
                3530603713,
                "9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
                pictures=800,
            ),
            Archive(
                "DIV2K_valid_HR.zip",
                f"{_DIV2K}/DIV2K_valid_HR.zip",
                448993893,
                "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
                pictures=100,
            ),
        ),
        tasks=("denoise", "upscale"),
    ),
    Collection(
        "waterloo",
        "Waterloo",
        "Waterloo Exploration Database: 4744 colour photos, with its makers' code",
        _ASK,
        "Ma, Duanmu, Wu, Wang, Yong, Li, Zhang: Waterloo Exploration Database: New Challenges for "
        "Image Quality Assessment Models, TIP 2017",
        "https://ivc.uwaterloo.ca/database/WaterlooExploration/",
        archives=(
            Archive(
                "exploration_database_and_code.rar",
                "https://ivc.uwaterloo.ca/database/WaterlooExploration/"
                "exploration_database_and_code.rar",
                pictures=4744,
            ),
        ),
        tasks=("denoise", "upscale"),
    ),
    Collection(
        "dnd",
        "DND",
        "Darmstadt Noise Dataset: 50 noisy photos of four cameras, raw and sRGB; the clean ones "
        "are kept by its makers, who score results",
        _ASK,
        "Plötz, Roth: Benchmarking Denoising Algorithms with Real Photographs, CVPR 2017",
        "https://noise.visinf.tu-darmstadt.de/downloads/",
        archives=(Archive("dnd_2017.zip"),),
        steps="its makers offer it on a page for people.",
        kind="raw photos",
    ),
    _sidd(
        "small-srgb",
        "SIDD-Small-sRGB",
        "160 pairs of noisy and clean smartphone photos, sRGB",
        (Archive("SIDD_Small_sRGB_Only.zip", pictures=320),),
        "pictures",
    ),
    _sidd(
        "small-raw",
        "SIDD-Small-Raw",
        "160 pairs of noisy and clean smartphone photos, raw",
        (Archive("SIDD_Small_Raw_Only.zip"),),
        "raw photos",
    ),
    _sidd(
        "medium-srgb",
        "SIDD-Medium-sRGB",
        "320 pairs of noisy and clean smartphone photos, sRGB",
        (Archive("SIDD_Medium_Srgb.zip", pictures=640),),
        "pictures",
    ),
    _sidd(
        "medium-raw",
        "SIDD-Medium-Raw",
        "320 pairs of noisy and clean smartphone photos, raw",
        (Archive("SIDD_Medium_Raw.zip"),),
        "raw photos",
    ),
    _sidd(
        "validation",
        "SIDD-Validation",
        "1280 blocks of 256×256 of 40 noisy photos and the clean ones, sRGB",
        (Archive("ValidationNoisyBlocksSrgb.mat"), Archive("ValidationGtBlocksSrgb.mat")),
        "blocks",
    ),
    _sidd(
        "validation-raw",
        "SIDD-Validation-Raw",
        "1280 blocks of 256×256 of 40 noisy photos and the clean ones, raw",
        (Archive("ValidationNoisyBlocksRaw.mat"), Archive("ValidationGtBlocksRaw.mat")),
        "blocks",
    ),
    _sidd(
        "benchmark",
        "SIDD-Benchmark",
        "1280 blocks of 256×256 of 40 noisy photos, sRGB; the clean ones are kept by its makers",
        (Archive("BenchmarkNoisyBlocksSrgb.mat"),),
        "blocks",
    ),
    _sidd(
        "benchmark-raw",
        "SIDD-Benchmark-Raw",
        "1280 blocks of 256×256 of 40 noisy photos, raw; the clean ones are kept by its makers",
        (Archive("BenchmarkNoisyBlocksRaw.mat"),),
        "blocks",
    ),
    Collection(
        "st_peters",
        "St_Peters",
        "St. Peter's Square: photos with cameras and points, to train correspondences on",
        "photos of YFCC100M, each under its own Creative Commons licence; " + _ASK,
        _CORRESPONDENCES + ", CVPR 2018; Thomee et al.: YFCC100M, CACM 2016",
        _RELEASE,
        archives=(Archive("st_peters_square.tar.gz", f"{_YI}/st_peters_square.tar.gz"),),
        kind="correspondences",
        tasks=("match",),
    ),
    Collection(
        "reichstag",
        "Reichstag",
        "the Reichstag: photos with cameras and points, to test correspondences on",
        "photos of YFCC100M, each under its own Creative Commons licence; " + _ASK,
        _CORRESPONDENCES + ", CVPR 2018; Thomee et al.: YFCC100M, CACM 2016",
        _RELEASE,
        archives=(Archive("reichstag.tar.gz", f"{_YI}/reichstag.tar.gz"),),
        kind="correspondences",
        tasks=("match",),
    ),
    _oanet("yfcc100m", "YFCC100M", "four outdoor scenes of YFCC100M", "yfcc-sift-2000-test.hdf5"),
    _oanet("sun3d", "SUN3D", "rooms of SUN3D", "sun3d-sift-2000-test.hdf5"),
    Collection(
        "brown",
        "Brown",
        "brown_bm_3 of SUN3D: frames of rooms with cameras, for correspondences indoors",
        _ASK,
        _CORRESPONDENCES + ", CVPR 2018; Xiao, Owens, Torralba: SUN3D, ICCV 2013",
        _RELEASE,
        archives=(
            Archive(
                "brown_bm_3---brown_bm_3-maxpairs-10000-random---skip-10-dilate-25.tar.gz",
                f"{_YI}/brown_bm_3---brown_bm_3-maxpairs-10000-random---skip-10-dilate-25.tar.gz",
            ),
        ),
        kind="correspondences",
        tasks=("match",),
    ),
)
