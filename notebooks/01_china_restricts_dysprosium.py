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
# # China restricts dysprosium: what do Korean exports lose?
#
# Dysprosium is added to neodymium magnets that must stay magnetic when they are hot: those in the
# motors of cars, robots and compressors. Nearly all of it is refined in China, and in April 2025
# China put it, six other rare earths and the magnets that hold them under export licences.
#
# This notebook asks one question and follows the answer back to its assumptions:
#
# > *China restricts dysprosium for twelve months. Which exports does Korea lose, how much, when,
# > through what, and how sure are we?*
#
# You need economics, not the tool. Every number below is computed while you read. None is a
# forecast: each says what follows from a restriction under figures that are stated, sourced, graded
# and often weak. It runs in about a minute and needs no network.

# %%
import io

import pandas as pd
from IPython.display import Image

import supplychain as sc
from supplychain import figures
from supplychain.render import percent, percent_range

pd.set_option("display.max_colwidth", None)


def show(drawing: figures.Drawing) -> Image:
    """A drawing as a picture in the notebook; its numbers are in `drawing.rows`."""
    picture = io.BytesIO()
    drawing.figure.savefig(picture, format="png", dpi=100)
    return Image(picture.getvalue())


world = sc.load()  # the shipped tables, checked and balanced

# %% [markdown]
# ## 1. The question, and what it covers
#
# We name neither a kind of measure nor how much is withheld, so the answer will be a **ladder** of
# three rungs: a licence as in 2025 (the months that were observed then), half of the exports
# withheld, and a full stop. No rung is *the* answer.
#
# A restriction on an element is not yet a restriction on goods. Which forms travel under it decides
# nearly everything, so the result says what it took the word to cover, and why.

# %%
question = sc.restrict("China", "dysprosium", months=12)
result = sc.simulate(world, question, focus=["KOR"])

pd.DataFrame(
    {"restricted": c.item, "covers": ", ".join(c.products), "why": c.why}
    for measure in result.resolved.measures
    for c in measure.covered
)

# %% [markdown]
# ## 2. The chain
#
# From left to right: who mines, who refines, who makes the magnet, and which Korean industries use
# it. Hatched flows are withheld. China's own industry keeps its supply: an export restriction does
# not reach what stays at home.

# %%
show(figures.chain(world, result, "KOR"))

# %% [markdown]
# ## 3. The answer: a ladder
#
# Each cell is the share of twelve months of the sector's exports that is lost, as a **band**: the
# 10-90 % range over the figures that are not known exactly, in the *adaptive* case. Three cases
# stand behind it:
#
# * **planner**: the best that could be done *for this one sector* with the same stocks, capacities
#   and access: a lower bound;
# * **adaptive**: contracts first, then spot purchases, stocks, substitution: the central case;
# * **frozen**: stocks and nothing else: usually the largest loss, but not a bound.
#
# The last column is the share of the movement that rests on grade D figures, that is, on
# assumptions. Where it is more than half we give a range and no point.


# %%
def ladder(result: sc.Result, country: str) -> pd.DataFrame:
    """The band of every sector on every rung, in per cent of its exports."""
    mine = [s for s in result.losses if s.country == country]
    table = pd.DataFrame({"exports, bn USD": [s.baseline_exports_usd / 1e9 for s in mine]})
    for rung in result.ladder:
        losses = {s.sector: s for s in rung.losses if s.country == country}
        table[f"{rung.name}, %"] = [percent_range(*losses[s.sector].band) for s in mine]
    table["full stop: planner - frozen, %"] = [
        percent_range(s.share["planner"], s.share["frozen"]) for s in mine
    ]
    table["full stop: rests on D, %"] = [percent(s.grade_d_weight) for s in mine]
    table.index = pd.Index([s.sector for s in mine], name="sector")
    return table.round(1).sort_values("exports, bn USD", ascending=False)


ladder(result, "KOR")

# %% [markdown]
# Zeros are kept on purpose: a sector that needs no dysprosium loses nothing here, and that is part
# of the answer.

# %%
show(figures.losses(result))

# %% [markdown]
# ## 4. Why: reliance, and what binds
#
# How much of what Korea uses comes from China directly, product by product:

# %%
pd.DataFrame(
    {
        "product": r.product,
        "from China, % of use": percent(r.of_use),
        "from China, % of imports": percent(r.of_imports),
        "evidence": r.evidence,
    }
    for r in result.reliance
)

# %% [markdown]
# Both shares are high, and yet the two products do not matter alike. The next table compares the
# full stop with one that covers **the refined forms alone** (oxide, metal, alloys):

# %%
refined = sc.simulate(
    world,
    sc.restrict("China", "dysprosium", kind="ban", form="refined"),
    focus=["KOR"],
    effort=sc.Effort(planner=False),
)
hit = [s for s in result.losses if s.share["adaptive"] > 0]
pd.DataFrame(
    {
        "sector": s.sector,
        "as listed, %": percent_range(*s.band),
        "refined forms alone, %": percent_range(*refined.loss(s.country, s.sector).band),
        "what binds": s.binding,
    }
    for s in hit
)

# %% [markdown]
# Korea buys dysprosium inside magnets. A stop on the oxide alone leaves the Chinese magnet makers
# supplied (at home), and they go on selling magnets. So what binds is the magnet, and a study that
# reads the import share of the *oxide* answers another question.

# %% [markdown]
# ## 5. When: months and stocks
#
# Nothing stops on the first day. Stocks are consumed first, and plants differ: covers are spread
# around a median, so stops spread over months, and a median cover of two months does not mean two
# months of peace.

# %%
show(figures.months(result, "KOR"))

# %%
pd.DataFrame(
    {
        "sector": s.sector,
        "first month with a loss": s.first_month,
        "first plants stop, day": None if s.first_stop_day is None else round(s.first_stop_day),
        "binding input": s.binding,
    }
    for s in hit
)

# %% [markdown]
# ## 6. The nine months of 2025, replayed
#
# From April to December 2025 the monthly exports of Chinese magnets are known. The scenario
# `magnets-2025-replay` feeds exactly these monthly ceilings to the model.
#
# **This is arithmetic on an assumed cover, not a validation.** Nobody counted the stocks of the
# plants in April 2025; the covers in the tables are judgements, some of them read off from who ran
# out in 2025 and who did not, so this episode cannot confirm them. The figure shows what follows: a
# plant stops when what it misses (its Chinese share times the backlog) has used up its cover.

# %%
replayed = sc.simulate(
    world, sc.load_scenario("magnets-2025-replay"), effort=sc.Effort(planner=False)
)
show(figures.replay(world, replayed))

# %% [markdown]
# Licences are queues, not cuts. What counts is whether stocks outlast the *peak of the backlog*,
# not the average of what was withheld:

# %%
lost = replayed.export_losses()
lost = lost[lost["frozen_share"] > 0]
lost.assign(
    **{
        "loss over nine months, %": [
            percent_range(low, high)
            for low, high in zip(lost["band_low_share"], lost["band_high_share"], strict=True)
        ]
    }
)[["country", "sector", "loss over nine months, %", "binding"]].reset_index(drop=True)

# %% [markdown]
# ## 7. What the answer rests on
#
# For Korean auto parts, each uncertain figure is moved to its low and to its high, one at a time.
# The largest movers come first. **Grade** says how the figure is known: A read in an official
# source, B official but older or derived, C press or one industry source, D an assumption.

# %%
parts = result.loss("KOR", "auto_parts")
pd.DataFrame(
    {
        "figure": d.label,
        "grade": d.evidence,
        "value": f"{d.value:g}",
        "range": f"{d.low:g} - {d.high:g}",
        "loss at low - high, %": f"{percent(d.loss_low)} - {percent(d.loss_high)}",
        "row": d.name.split()[0],
    }
    for d in parts.drivers[:10]
)

# %%
print(f"{percent(parts.grade_d_weight)} % of the movement rests on assumptions (grade D).")
print("Most in need of a source:")
for figure in result.unsourced:
    print(f"  {figure.label} ({figure.name.split()[0]})")

# %% [markdown]
# Two of these figures deserve a table of their own: the **affected share** (how much of the
# industry's exports needs such a magnet at all) and the **stock cover**. Find the cell you believe
# in; the boxes show where the tables stand and how wide their range is.

# %%
show(figures.share_cover(world, result, "KOR", "auto_parts"))

# %% [markdown]
# If you know either figure better than we do, that is the most useful thing you can give: a row in
# `data/segments.csv` or `data/stocks.csv`, with a source.

# %% [markdown]
# ## 8. Korea beside Japan, the United States and Germany
#
# The same full stop, four countries:

# %%
four = sc.simulate(
    world,
    sc.restrict("China", "dysprosium", kind="ban"),
    focus=["KOR", "JPN", "USA", "DEU"],
    effort=sc.Effort(planner=False),
)
table = four.export_losses()
table["band, %"] = [
    percent_range(low, high)
    for low, high in zip(table["band_low_share"], table["band_high_share"], strict=True)
]
table.pivot_table(
    index="sector", columns="country", values="band, %", aggfunc="first", sort=False
).reindex(columns=list(four.resolved.focus)).fillna("not in the tables")

# %%
pd.DataFrame(
    {
        "country": r.country,
        "magnets from China, % of use": percent(r.of_use),
        "% of imports": percent(r.of_imports),
        "evidence": r.evidence,
    }
    for r in four.reliance
    if r.product == "ndfeb_magnet_hre"
)

# %% [markdown]
# **Why they differ, in one sentence:** a country loses what its plants cannot make without the
# Chinese *magnet* after their stocks are gone, so the share of magnets that it buys from China
# (rather than makes or buys elsewhere), the slice of each industry that needs them, and the stocks
# of its plants set the order. Losses of countries are gross and must not be added up: one country's
# missing parts are another one's missing cars.

# %% [markdown]
# ## 9. What is not counted

# %%
for left_out in result.not_counted:
    print("-", left_out)
print()
print("Valued as", result.valuation + ";", "measured against", result.baseline + ".")

# %% [markdown]
# ## 10. Exercises
#
# Guess first; then run.
#
# 1. **A bag of oxide.** Korea releases 180 days of dysprosium oxide. How much of the loss goes
#    away? `question.plus(sc.StockRelease("KOR", "dysprosium_oxide", days=180))`. Why
#    so little, or so much?
# 2. **All magnets.** Restrict `["dysprosium", "terbium", "ndfeb_magnet"]`. Which sectors join, and
#    which slice of auto parts that was spared before is now hit?
# 3. **Half as long.** Set `months=6` and keep twelve months in view (`horizon=12`). Is the loss
#    halved? Look at stocks before you answer.
# 4. **One target.** Restrict exports `to=["JPN"]` only, with `focus=["KOR", "JPN"]`. What does the
#    leakage figure in `result.assumptions` do?
# 5. **Another mineral.** Try `gallium`, `graphite` or `tungsten` for the four countries. Where is
#    the answer exactly zero, and what would have to be in the tables for it not to be?
# 6. **Your own figure.** Copy the folder `data`, change one row of `stocks.csv`, load it with
#    `sc.load("my_folder")`. By how much did the band move, and is your row better sourced?
