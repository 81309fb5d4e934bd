"""The aggregation of the N3 block in float64 NumPy: loops over queries, candidates and pixels."""

import numpy as np
from reference.slow_selection import relaxed


def neighbour_volumes(features, embedding, inverse_temperature, patch, stride, window, k):
    """C×H×W features and E×H×W embedding of whole patches → K×C×H×W."""
    channels, height, width = features.shape
    rows, columns = (height - patch) // stride + 1, (width - patch) // stride + 1

    def cut(image, row, column):
        top, left = row * stride, column * stride
        return image[:, top : top + patch, left : left + patch]

    def around(query, count):
        size = min(window, count)
        start = min(max(query - window // 2, 0), count - size)
        return range(start, start + size)

    total = np.zeros((k, channels, height, width))
    cover = np.zeros((height, width))
    for row in range(rows):
        for column in range(columns):
            places, logits = [], []
            query = cut(embedding, row, column)
            for r in around(row, rows):
                for c in around(column, columns):
                    if (r, c) != (row, column):
                        distance = ((query - cut(embedding, r, c)) ** 2).sum()
                        places.append((r, c))
                        logits.append(-distance * inverse_temperature[row, column])
            weights = relaxed(logits, k)
            for t in range(k):
                patches = [
                    w * cut(features, r, c) for w, (r, c) in zip(weights[t], places, strict=True)
                ]
                cut(total[t], row, column)[...] += sum(patches)
            cut(cover[None], row, column)[...] += 1
    return total / cover
