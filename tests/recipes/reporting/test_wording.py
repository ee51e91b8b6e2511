"""Settings and scores in words."""

import attrs

from recipes.recipe import Size
from recipes.reporting.wording import SCORES, groups_in_brief, groups_in_words, phrases, settings
from recipes.running.catalogue import find, names

# Said with another field, or by their absence: the optimizer with the rate, the runs with the size, no patience, and
# what has no meaning, such as the activation of a network without hidden layers.
UNSAID = {"optimizer", "runs", "patience", "noise", "activation", "examples"}


def of(*values, name="mnist", score="test_accuracy"):
    return {name: [{"scores": {score: value}} for value in values]}


def test_groups_have_words_units_and_the_number_of_the_paper():
    assert {find(name).score for name in names} <= SCORES.keys()
    assert groups_in_words(find("mnist"), of(0.975)) == ["mnist: test accuracy 0.9750; the paper shows 0.9701"]
    assert groups_in_words(find("mnist"), of(0.97, 0.98)) == [
        "mnist: test accuracy, IQM 0.9750 (2 runs); the paper shows 0.9701"
    ]
    (line,) = groups_in_words(find("denoising"), of(*[20.5] * 5, name="wide", score=find("denoising").score))
    assert line == (
        "wide: PSNR at sigma 0.2 of the denoised test images, IQM 20.50 dB (95 % interval 20.50 to 20.50 dB, 5 runs)"
    )
    assert all(find(name).papers.keys() <= find(name).groups.keys() for name in names)
    assert sum(len(find(name).papers) for name in names) == 1 + 2 * 3 + 2 + 4 + 3


def test_many_groups_of_few_runs_are_left_to_the_figure():
    recipe, one = find("autoencoder_grid"), [{"scores": {"test_mse": 0.5}}]
    assert len(groups_in_brief(recipe, {f"{i}": one for i in range(12)})) == 12
    assert groups_in_brief(recipe, {f"{i}": one for i in range(13)}) == [
        "The pictures show the scores of all 13 networks."
    ]
    assert len(groups_in_brief(recipe, {f"{i}": one * 3 for i in range(13)})) == 1
    assert len(groups_in_brief(recipe, {f"{i}": one * 5 for i in range(13)})) == 13


def test_settings_say_what_is_shared_and_what_varies():
    words = settings(find("batch_size"), Size(15))
    assert "batches of 8, 16, 32, 64, 128 or 256; up to 50 epochs; patience 5" in words
    assert "hidden layers of 64-32 neurons; ReLU units" in words
    assert words.endswith("15 runs of each configuration")
    assert "up to 1 epoch; patience 5; the first 5 training examples; 1 run of each configuration" in settings(
        find("batch_size"), Size(1, 1, 5)
    )
    assert not any("_" in settings(find(name), find(name).paper) for name in names)
    words = settings(find("denoising"), Size(5))
    assert words.startswith("a code with ReLU; ")
    assert (
        "5 runs of each configuration. autoencoder 64 x 5: codes of 64 numbers, hidden layers on either side: 5, loss: "
        in words
    )
    assert ". 784-512-784: codes of 512 numbers, " in words


def test_settings_say_what_the_code_of_a_recipe_fixes():
    words = settings(find("mnist"), find("mnist").paper)
    assert words == (
        "hidden layers of 64-32 neurons; ReLU units; initial weights: He normal; loss: cross-entropy; Adam at 0.001; "
        "batches of 128; 20 epochs; 15 runs"
    )


def test_settings_leave_no_field_out():
    @attrs.frozen
    class Own(type(find("optimizers").groups["Adam"])):
        dropout_of_input: float = 0.0
        kernels: tuple[int, ...] = (3, 5)
        tied: bool = True

    own = attrs.evolve(find("optimizers"), groups={"a": Own(activation="gelu"), "b": Own(dropout_of_input=0.25)})
    words = settings(own, Size(5))
    assert "kernels 3, 5; tied yes" in words
    assert "a: gelu units, dropout of input 0" in words
    assert "b: ReLU units, dropout of input 0.25" in words
    for name in names:
        recipe = find(name)
        for config in recipe.groups.values():
            said = phrases(attrs.asdict(config))
            assert {field.name for field in attrs.fields(type(config))} - said.keys() <= UNSAID
