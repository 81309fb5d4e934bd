"""Recipes: those that come with n3, the way there and back through TOML, and what is refused."""

import dataclasses
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from n3cli.data.catalog import CATALOG
from n3cli.data.location import list_training_images
from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.training.config import ModelSettings, Recipe, ScheduleSettings
from n3cli.training.recipe import (
    differing,
    load_recipe,
    parse_recipe,
    recipe_heading,
    recipe_names,
    recipes_for,
    write_recipe,
)
from n3cli.zoo.names import PATTERN

SMALLEST = '[model]\nname = "denoise-n3net-x"\nnetwork = "n3net"\n[schedule]\ncrops = 100\n'


def changed(one, other):
    return {text.partition(":")[0] for text in differing(one, other)}


@pytest.fixture
def write(tmp_path):
    def write(text, name="own.toml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.mark.parametrize("name", recipe_names())
def test_a_shipped_recipe_can_be_trained(name):
    recipe = load_recipe(name)
    with torch.device("meta"):
        network = registry.build(recipe.model.network, recipe.model.options)
    parts = PATTERN.fullmatch(recipe.model.name)
    assert parts is not None
    assert parts["task"] == network.description.task
    # A network may be of some variants alone.
    assert f"{parts['network']}-{parts['variant']}-".startswith(f"{recipe.model.network}-")
    first, *others = recipe_heading(name)
    assert re.fullmatch(rf"n3 train {name}( --.*)?", first)
    assert any(line.startswith("Expected") for line in others)
    assert parse_recipe(write_recipe(recipe)) == recipe


def test_names_of_models_are_used_once():
    names = [load_recipe(name).model.name for name in recipe_names()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("model", "recipes"),
    [
        ("denoise-ffdnet-gray", ["denoise-ffdnet-gray"]),
        ("denoise-dncnn-gray", ["denoise-dncnn-gray-blind", "denoise-dncnn-gray-s25"]),
        ("upscale-memnet-color", ["upscale-memnet-gray"]),
        ("upscale-vdsr-color", ["upscale-vdsr-gray", "upscale-vdsr-gray-n3"]),
        ("denoise-ircnn-gray", []),
    ],
)
def test_recipes_are_found_by_the_model_that_they_train(model, recipes):
    assert recipes_for(model) == recipes


@pytest.mark.parametrize("name", recipe_names())
def test_no_shipped_recipe_trains_on_what_it_is_judged_by(name, shared):
    paper = name.startswith("paper-")
    data = load_recipe(name).data
    assert set(data.sets) <= ({"bsds400"} if paper else {"bsds400", "t91", "photos96"})
    sets, exclude = ([CATALOG[one] for one in names] for names in (data.sets, data.exclude))
    training = set(list_training_images(sets, exclude, shared / "datasets"))
    judging = ["cbsd68-jpeg"] if paper else ["cbsd68-jpeg", "val40"]
    for judge in judging:
        images = list_training_images([CATALOG[judge]], [], shared / "datasets")
        assert training.isdisjoint(images)
    if paper:
        assert len(training) == 400


@pytest.mark.parametrize("sigma", [25, 50, 70])
def test_the_papers_recipes_are_as_published(sigma):
    recipe = load_recipe(f"paper-s{sigma}")
    optimiser, schedule = recipe.optimiser, recipe.schedule
    assert recipe.noise.sigma == (sigma, sigma)
    assert recipe.model.options == {"channels": 1}
    assert not recipe.model.near_identity
    assert (optimiser.kind, optimiser.rate, optimiser.betas) == ("adam", 1e-3, (0.9, 0.999))
    assert optimiser.clip == 0
    assert (schedule.decay, schedule.decades, schedule.warmup) == ("exponential", 3, 0)
    assert (schedule.epoch, schedule.crops) == (51_200, 51 * 51_200)
    assert (recipe.data.batch, recipe.data.crop, recipe.data.area_power) == (32, 80, 0)
    assert (recipe.loss.kind, recipe.run.ema, recipe.run.precision) == ("sse", 0, "fp32")


def test_crops_are_larger_in_the_last_part_of_a_run():
    changes = ["data.final=0.25", "data.final_crop=96", "data.final_batch=2"]
    data = load_recipe("denoise-n3unet-gray", changes).data
    assert [data.crops(done) for done in (0, 0.7499, 0.75, 1)] == [
        (8, 80),
        (8, 80),
        (2, 96),
        (2, 96),
    ]
    assert data.largest_crop == 96
    plain = load_recipe("denoise-n3unet-gray", ["data.final=0"]).data
    assert [plain.crops(done) for done in (0, 1)] == [(8, 80), (8, 80)]
    assert plain.largest_crop == 80


def test_some_settings_may_differ_when_a_run_is_resumed():
    changes = ["run.cuda_graphs=false", "run.recompute=true", "model.license=mit"]
    assert not changed(load_recipe("photos"), load_recipe("photos", changes))
    assert changed(load_recipe("photos"), load_recipe("photos", ["run.seed=7"])) == {"run.seed"}


def test_ablations_differ_from_the_papers_recipe_in_the_network_alone():
    paper = load_recipe("paper-s25")
    for name in recipe_names():
        if name.startswith("paper-s25-"):
            recipe = load_recipe(name)
            assert changed(paper, recipe) == {"model.name", "model.options"}


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text('"\\\n\r\t\x7f\0é😀#')),
    ),
    st.floats(min_value=0, allow_infinity=False, exclude_min=True),
)
def test_any_value_comes_back(name, options, minutes):
    recipe = Recipe(
        ModelSettings(name, "n3net", options, init=name), ScheduleSettings(7, minutes=minutes)
    )
    assert parse_recipe(write_recipe(recipe)) == recipe


def test_a_recipe_says_what_differs_from_its_base(write):
    write(SMALLEST + "[data]\nbatch = 3\ncrop = 32\n", "base.toml")
    path = write('base = "base.toml"\n[data]\nbatch = 5\n[model]\nnetwork = "n3unet"\n')
    recipe = load_recipe(path)  # whose base is found although it is not in the current folder
    assert (recipe.data.batch, recipe.data.crop) == (5, 32)
    assert (recipe.model.name, recipe.model.network) == ("denoise-n3net-x", "n3unet")


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("data.batch=16", 16),
        (" data.batch = 16 # more", 16),
        ("optimiser.rate=1", 1.0),
        ("noise.sigma=[5, 25.5]", (5.0, 25.5)),
        ("validation.sigmas=[50]", (50.0,)),
        ("loss.kind=mse", "mse"),
        ('loss.kind="mse"', "mse"),
        ("model.init=", ""),
        ("model.init=~/my models/é", "~/my models/é"),
        ("model.init=a=b", "a=b"),
        ("run.compile=true", True),
    ],
)
def test_set_takes_toml_and_bare_words(change, value):
    table, _, key = change.partition("=")[0].strip().partition(".")
    found = getattr(getattr(load_recipe("photos", [change]), table), key)
    assert found == value
    assert type(found) is type(value)


def test_set_reaches_into_options_and_the_last_one_counts():
    changes = ["model.options.cnns=2", "data.batch=4", "data.batch=6"]
    recipe = load_recipe("denoise-n3net-color", changes)
    assert recipe.model.options == {"channels": 3, "sigma_input": True, "cnns": 2}
    assert recipe.data.batch == 6
    assert changed(load_recipe("denoise-n3net-color"), recipe) == {
        "model.options",
        "data.batch",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data.bach=1", "data.bach; did you mean data.batch"),
        ("batch=1", "batch; did you mean data.batch"),
        ("optimizer.rate=1", "optimizer; did you mean optimiser"),
        ("zzz=1", "unknown key zzz"),
        ("data.batch", "--set takes key=value"),
        ("=1", "--set takes key=value"),
        ("data.=1", "--set takes key=value"),
        ("data=1", "data must be a table, not 1"),
        ("data.largest.x=1", "data.largest is|largest is a value"),
        ("data.batch=true", "data.batch must be a whole number, not True"),
        ("data.batch=8.0", "data.batch must be a whole number, not 8.0"),
        ("data.batch=eight", "data.batch must be a whole number, not 'eight'"),
        ("data.batch=1\nrun.seed=2", "data.batch must be a whole number"),
        ("data.batch=" + "1" * 5000, "data.batch must be a whole number"),
        ("data.batch=0", "data.batch must be at least 1, not 0"),
        ("data.final=25", "data.final must be from 0 to 1, not 25.0"),
        ("optimiser.rate=true", "optimiser.rate must be a number, not True"),
        ("optimiser.rate=nan", "optimiser.rate must be a number, not nan"),
        ("optimiser.rate=-inf", "optimiser.rate must be a number, not -inf"),
        ("optimiser.rate=" + "1" * 400, "optimiser.rate must be a number"),
        ("optimiser.rate=" + "[" * 3000, "optimiser.rate must be a number"),
        ("optimiser.rate=-1", "optimiser.rate must be above 0, not -1.0"),
        ("optimiser.betas=[0.9, 1]", "optimiser.betas must be from 0 to below 1, not 1.0"),
        ("optimiser.betas=0.9", "optimiser.betas must be a list of 2, not 0.9"),
        ("optimiser.kind=moun", "muon, adam, adamw, not 'moun'; did you mean 'muon'"),
        ("loss.kind=[1]", "loss.kind must be one of"),
        ("noise.sigma=[30, 20]", "noise.sigma must be two noise levels in order"),
        ("noise.sigma=[nan, 20]", "noise.sigma must be a number, not nan"),
        ("noise.sigma=[0, 0]", "noise.sigma must be"),
        ("noise.sigma=[1, 2, 3]", "noise.sigma must be a list of 2"),
        ("validation.sigmas=[]", "validation.sigmas must be"),
        ("validation.crop=8", "validation.crop must be 0 or at least 16"),
        ("data.largest=20", "data.largest must be 0 or at least the side of the crops, 80"),
        ("run.ema=1", "run.ema must be from 0 to below 1"),
        ("run.seed=-1", "run.seed must be from 0"),
        ("run.compile=1", "run.compile must be true or false, not 1"),
        ("model.init=2", "model.init must be a string, not 2"),
        ("model.init=\udcff", "UTF-8"),
        ("data.sets=bsds400", "data.sets must be a list, not 'bsds400'"),
        ("data.sets=[1]", "data.sets must be a string, not 1"),
        ("model.options=1", "model.options must be a table"),
    ],
)
def test_what_has_no_meaning_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        load_recipe("photos", [change])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "model is missing"),
        ('[model]\nname = "x"\n[schedule]\ncrops = 1', "model.network is missing"),
        ("[model", "not TOML"),
        (f"x = {'1' * 5000}", "not TOML"),
        ("base = 1", "base must be the name of a recipe"),
        ('base = "fotos"', "did you mean photos"),
        ('base = "own.toml"', "based on itself"),
        ('base = "../{folder}/own.toml"', "based on itself"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(write, tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        load_recipe(write(text.replace("{folder}", tmp_path.name)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("paper-25", "did you mean paper-s25"),
        ("qqq", "n3 train --list"),
        ("missing.toml", "cannot be read"),
        ("~nobody-of-this-name/x.toml", "cannot be read"),
        ("../recipes/photos", "no recipe is called"),
    ],
)
def test_a_recipe_that_is_not_there(name, message):
    with pytest.raises(ConfigError, match=message):
        load_recipe(name)


def test_a_file_of_other_bytes_and_a_folder_are_refused(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.toml").mkdir()
    for name in ("bytes.toml", "folder.toml"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_recipe(str(tmp_path / name))


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_recipe("photos").data.batch = 3
