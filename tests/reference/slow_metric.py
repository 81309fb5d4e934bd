"""PSNR and SSIM straight from their formulas, pixel by pixel in float64."""

import math


def slow_psnr(a, b, peak):
    """10·log10(peak² / MSE) with plain Python sums."""
    squares = [(float(x) - float(y)) ** 2 for x, y in zip(a.ravel(), b.ravel(), strict=True)]
    return 10 * math.log10(peak**2 / (math.fsum(squares) / len(squares)))


def slow_ssim(a, b, peak):
    """Eq. 13 of Wang et al. 2004 at every whole 11×11 window of H×W images, then the mean."""
    height, width = a.shape
    weights = {
        (i, j): math.exp(-((i - 5) ** 2 + (j - 5) ** 2) / (2 * 1.5**2))
        for i in range(11)
        for j in range(11)
    }
    total = math.fsum(weights.values())
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    values = []
    for top in range(height - 10):
        for left in range(width - 10):
            terms = [
                (w / total, float(a[top + i, left + j]), float(b[top + i, left + j]))
                for (i, j), w in weights.items()
            ]
            mean_a = math.fsum(w * x for w, x, _ in terms)
            mean_b = math.fsum(w * y for w, _, y in terms)
            var_a = math.fsum(w * (x - mean_a) ** 2 for w, x, _ in terms)
            var_b = math.fsum(w * (y - mean_b) ** 2 for w, _, y in terms)
            cov = math.fsum(w * (x - mean_a) * (y - mean_b) for w, x, y in terms)
            luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
            structure = (2 * cov + c2) / (var_a + var_b + c2)
            values.append(luminance * structure)
    return math.fsum(values) / len(values)
