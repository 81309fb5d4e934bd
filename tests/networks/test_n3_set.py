from __future__ import annotations

import torch

from n3cli.networks.n3_set import set_differences


def items(count, batch=2):
    return (
        torch.randn(batch, count, 3),
        torch.randn(batch, count, 5),
        torch.exp(-torch.randn(batch, count)),
    )


def test_the_order_of_items_does_not_matter():
    order = torch.randperm(20)
    features, embedding, temperature = items(20)
    y = set_differences(features, embedding, temperature, k=3)
    shuffled = set_differences(features[:, order], embedding[:, order], temperature[:, order], k=3)
    assert y.shape == (2, 20, 9)
    torch.testing.assert_close(shuffled, y[:, order])


def test_a_cold_query_finds_its_twin():
    features, embedding, temperature = items(20)
    embedding[:, 17] = embedding[:, 4]
    y = set_differences(features, embedding, torch.full_like(temperature, 5e8), k=2)
    torch.testing.assert_close(y[:, 4, :3], features[:, 17] - features[:, 4])


def test_a_lonely_item_has_no_neighbour_but_itself():
    y = set_differences(*items(1), k=4)
    assert torch.equal(y, torch.zeros(2, 1, 12))


def test_a_bigger_chunk_of_items_than_one():
    features, embedding, temperature = items(1500, batch=1)
    whole = set_differences(features, embedding, temperature, k=2)
    logits = -torch.cdist(embedding, embedding).square()[0, 1234] * temperature[0, 1234]
    logits[1234] = -1e9
    expected = logits.softmax(0) @ features[0] - features[0, 1234]
    torch.testing.assert_close(whole[0, 1234, :3], expected, atol=1e-4, rtol=1e-3)
