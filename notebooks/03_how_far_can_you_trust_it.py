# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How far can you trust it?
#
# A model that is asked about the future should first be asked about the past, by people who would
# like it to fail. Here every claim of the shipped tables, of studies and of past restrictions, is
# put to the scenario file that asks its question. Nothing was tuned to a row. What comes out is
# printed as it is, misses first.
#
# Every number is computed while you read. The notebook takes a minute with the extra `fast`,
# a few without.

# %%
import io

import pandas as pd
from IPython.display import Image

import supplychain as sc
from supplychain import figures
from supplychain.sensitivity.match import match

pd.set_option("display.max_colwidth", 90)


def show(drawing: figures.Drawing) -> Image:
    """A drawing as a picture in the notebook; its numbers are in `drawing.rows`."""
    picture = io.BytesIO()
    drawing.figure.savefig(picture, format="png", dpi=100)
    return Image(picture.getvalue())


world = sc.load()
board = sc.validate(world, planner=False)
claims = board.table()

# %% [markdown]
# ## 1. The record
#
# A claim *counts* if nothing in the pack rests on it. An observation on which a constant, a stock
# or a scenario file was set says nothing when it is met, so it is kept apart.

# %%
answered = claims.dropna(subset=["ours"])
answered.groupby(["counts", "grade"]).agg(claims=("id", "size"), inside=("inside", "sum"))

# %% [markdown]
# An 80 % band should hold four of five figures. Does ours?

# %%
held = board.as_dict()["summary"]["held_out"]
print(f"our 80 % bands hold {held['claims_in_band']} of {held['claims_with_band']} figures")

# %% [markdown]
# If it holds far fewer, the bands are too narrow: they know the ranges of the inputs and nothing of
# what the model leaves out. Read a band of this tool as the least you do not know.
#
# ## 2. The misses
#
# Each with the mechanism or assumption that would close it. That a change *would close* a miss
# does not make it right; it says where to look.

# %%
claims[claims["counts"] & (claims["inside"] == False)][  # noqa: E712 - None is no miss
    ["id", "claimed", "ours", "low", "high", "unit", "why"]
].dropna(subset=["ours"]).round(3)

# %%
show(figures.forest(board)[0])

# %% [markdown]
# ## 3. Is it better than a rule of thumb?
#
# Two rules that need no engine of stocks and queues: *import share x cut* takes what is bought from
# the restricting country times what is withheld, from the first day; *fixed proportions* lets every
# input be critical, with no stock anywhere. Mean absolute errors, where all three say something:

# %%
kinds = board.as_dict()["summary"]["held_out"]["families"]
pd.DataFrame(
    {name: kind["mean_absolute_error_of"] for name, kind in kinds.items()}
).T.dropna().round(4)

# %% [markdown]
# ## 4. Could a licence have been foreseen from the others?
#
# The honest test: leave everything out that was learned from an episode, fit the law of a licence
# (months without approvals, months until they have settled, the share that stays withheld, the
# headroom for a backlog) to all *other* licences on record, and let the engine answer. Each dot
# below is a month that the blue band never saw.

# %%
show(figures.licence_curves(board))

# %%
sums = board.as_dict()["held_out"]["sums"]
errors = pd.DataFrame({kind: found["mean_absolute_error"] for kind, found in sums.items()}).T
errors.insert(0, "rows", [found["rows"] for found in sums.values()])
errors["80 % bands that hold"] = [found["held_out"]["holding_the_claim"] for found in sums.values()]
errors

# %% [markdown]
# Sizes and dates of flows come out better than import share times cut. Dates of single stops do
# not: all plants of an industry in a country buy the same mix here, and the plant that stops first
# is the one that does not.
#
# ## 5. When much was feared and little happened
#
# A model of shortages is easily right about disasters: it always predicts one. The other test is to
# stay silent where nothing happened.

# %%
claims[claims["grade"] == "negative_control"].dropna(subset=["ours"])[
    ["id", "counts", "claimed", "ours", "low", "high", "inside", "import share x cut", "unit"]
].round(3)

# %% [markdown]
# ## 6. Could 2025 be seen in Korea's exports?
#
# The dashed range was drawn before anybody looked at exports, and a test holds its file to the
# byte. Look at the scale before you look at the dots.

# %%
show(figures.observed(board.replay, "KOR"))

# %%
for conclusion in board.replay.conclusions:
    print(conclusion, end="\n\n")

# %% [markdown]
# ## 7. Why do experts differ?
#
# Four institutes were asked almost the same question about Japan. One set of data under five rules
# spans as much: what differs is what is assumed about stocks and about what people do.

# %%
show(figures.experts(board, "JPN"))

# %% [markdown]
# ## 8. What one would have to believe
#
# A Korean study says that exports of auto parts would fall by 24.4 %. Its question was not
# published in full, so it is no test. But one can ask which assumptions give that figure for a full
# stop of dysprosium and terbium.

# %%
stop = sc.restrict("China", ["dysprosium", "terbium"], kind="ban", months=12)
for sentence in match(world, stop, "KOR", "auto_parts", 0.244).sentences():
    print(sentence, end="\n\n")

# %% [markdown]
# ## 9. What may be quoted
#
# * Who stands before whom, and why: the order of sectors and the link at which a chain breaks rest
#   on trade and recipes, the best part of the data.
# * Whether a plant stops, *given* its stock: arithmetic of a queue. How much it has in stock is not
#   published by anybody.
# * A loss in per cent only with its band, its share of assumed inputs (grade D) and the case.
# * Months of recovery of a licence only as a range over past licences.
# * Not: a GDP loss as if it were a forecast, a price, the length of a single plant's stop.
