"""The collections whose files are listed one by one, with their SHA-256: a record each."""

from __future__ import annotations

from n3cli.data.published.collection import Archive, Collection

_RAW = "https://raw.githubusercontent.com"
_FFDNET = f"{_RAW}/cszn/FFDNet/e787f46df2f374ff3591186706229cb9a0591fea/testsets"
_BSDS = f"{_RAW}/BIDS/BSDS500/a04b7c6c3a9f0ace74bf205c72a43d32e1c72722/BSDS500/data/images"
_SELFEX = f"{_RAW}/jbhuang0604/SelfExSR/8f6dd8c1d20cb7e8792a7177b4f6fd677633f598/data"

_VISINF = "https://download.visinf.tu-darmstadt.de/data/denoising_datasets"
_BSR = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR"

_UNSTATED = "passed around for research, without stated terms"
_RESEARCH = "non-commercial research and education"

_MARTIN = "Martin, Fowlkes, Tal, Malik: A Database of Human Segmented Natural Images, ICCV 2001"
_BERKELEY = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/"

_XU = "Xu, Li, Liang, D. Zhang, L. Zhang: Real-world Noisy Image Denoising: A New Benchmark, 2018"
_POLYU = "csjunxu/PolyU-Real-World-Noisy-Images-Dataset"

LISTED = (
    Collection(
        "set12",
        "Set12",
        "12 grey pictures of 256×256 and 512×512, the usual test of grey denoising",
        _UNSTATED,
        "Zhang, Zuo, Chen, Meng, Zhang: Beyond a Gaussian Denoiser, TIP 2017",
        "https://github.com/cszn/FFDNet",
        f"{_FFDNET}/Set12",
        (Archive("Set12.zip", f"{_VISINF}/Set12.zip"),),
    ),
    Collection(
        "bsd68",
        "BSD68",
        "68 grey photos of 481×321, a part of the Berkeley images",
        _RESEARCH,
        "Roth, Black: Fields of Experts, IJCV 2009; " + _MARTIN,
        _BERKELEY,
        f"{_FFDNET}/BSD68",
    ),
    Collection(
        "cbsd68",
        "CBSD68",
        "the photos of BSD68 in colour",
        _RESEARCH,
        "Roth, Black: Fields of Experts, IJCV 2009; " + _MARTIN,
        _BERKELEY,
        f"{_FFDNET}/CBSD68",
    ),
    Collection(
        "kodak24",
        "Kodak24",
        "24 colour photos of film, cut to 500×500",
        "free to use, as Eastman Kodak released them",
        "Franzen: Kodak Lossless True Color Image Suite, 1999",
        "https://r0k.us/graphics/kodak/",
        f"{_FFDNET}/Kodak24",
    ),
    Collection(
        "mcmaster",
        "McMaster",
        "18 colour pictures of 500×500, a test of demosaicing and denoising",
        _UNSTATED,
        "Zhang, Wu, Buades, Li: Color Demosaicking by Local Directional Interpolation and "
        "Nonlocal Adaptive Thresholding, JEI 2011",
        "https://www4.comp.polyu.edu.hk/~cslzhang/CDM_Dataset.htm",
        f"{_FFDNET}/McMaster",
    ),
    Collection(
        "bsds500",
        "BSDS500",
        "500 colour photos of 481×321: 200 train, 100 val, 200 test; without the segmentations",
        _RESEARCH,
        "Arbelaez, Maire, Fowlkes, Malik: Contour Detection and Hierarchical Image "
        "Segmentation, TPAMI 2011",
        "https://github.com/BIDS/BSDS500",
        _BSDS,
        (Archive("BSR_bsds500.tgz", f"{_BSR}/BSR_bsds500.tgz"),),
        tasks=("denoise", "upscale"),
    ),
    Collection(
        "set5",
        "Set5",
        "5 pictures for super-resolution, with MATLAB's bicubic reductions by 2, 3 and 4",
        _UNSTATED,
        "Bevilacqua, Roumy, Guillemot, Alberi-Morel: Low-Complexity Single-Image "
        "Super-Resolution based on Nonnegative Neighbor Embedding, BMVC 2012",
        "https://github.com/jbhuang0604/SelfExSR",
        f"{_SELFEX}/Set5",
        tasks=("upscale",),
    ),
    Collection(
        "set14",
        "Set14",
        "14 pictures for super-resolution, with MATLAB's bicubic reductions by 2, 3 and 4",
        _UNSTATED,
        "Zeyde, Elad, Protter: On Single Image Scale-Up using Sparse-Representations, 2010",
        "https://github.com/jbhuang0604/SelfExSR",
        f"{_SELFEX}/Set14",
        tasks=("upscale",),
    ),
    Collection(
        "bsd100",
        "BSD100",
        "100 Berkeley photos for super-resolution, with bicubic reductions by 2, 3 and 4",
        _RESEARCH,
        _MARTIN,
        "https://github.com/jbhuang0604/SelfExSR",
        f"{_SELFEX}/BSD100",
        tasks=("upscale",),
    ),
    Collection(
        "urban100",
        "Urban100",
        "100 photos of buildings, repeated structure, with bicubic reductions by 2 and 4",
        _UNSTATED,
        "Huang, Singh, Ahuja: Single Image Super-Resolution from Transformed Self-Exemplars, "
        "CVPR 2015",
        "https://github.com/jbhuang0604/SelfExSR",
        f"{_SELFEX}/Urban100",
        tasks=("denoise", "upscale"),
    ),
    Collection(
        "polyu",
        "PolyU",
        "100 photos of 512×512 by five cameras, noisy and as the mean of many",
        "non-commercial",
        f"{_XU} (arXiv 1804.02603)",
        f"https://github.com/{_POLYU}",
        f"{_RAW}/{_POLYU}/488d733181fb71ce8ef58c1869f70aa21b33d535/CroppedImages",
    ),
)
