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
# # Chokepoints of Korea, Japan and the United States
#
# Which country could cost these three most exports by keeping which mineral at home, what does the
# structure of trade say about it, and why do the two disagree? Then: why does one sector fall, and
# what would partners be good for?
#
# Every number is computed while you read, at central values of the shipped pack. They are for
# comparing rows; the band of each is wide, and the last part shows how to get it. The notebook
# takes a minute with the extra `fast`, three without.

# %%
import io

import pandas as pd
from IPython.display import Image

import supplychain as sc
from supplychain import figures
from supplychain.chokepoints import leverage, severity_curve, survey
from supplychain.structure import node_measures

pd.set_option("display.max_colwidth", None)
TRIO = ["KOR", "JPN", "USA"]


def show(drawing: figures.Drawing) -> Image:
    """A drawing as a picture in the notebook; its numbers are in `drawing.rows`."""
    picture = io.BytesIO()
    drawing.figure.savefig(picture, format="png", dpi=100)
    return Image(picture.getvalue())


world = sc.load()

# %% [markdown]
# ## 1. Everything removed, one at a time
#
# Each row below is a simulation of its own: one country stops all exports of what a ban on a
# mineral covers, for twelve months, and nothing else happens. 216 such bans are played (the command
# `supplychain chokepoints` adds 1,380 bans on single products, and on request plants and links).

# %%
ranking = sc.rank_chokepoints(world, TRIO, what=["mineral"], top=15)
ranking.table()[["rank", "id", "loss_usd", "frozen_usd", "worst_country", "worst_sector"]]

# %% [markdown]
# Losses of rows must not be added: a ban on dysprosium and a ban on terbium stop the same magnets.
# Most of the 216 cost nothing at all, because stocks, spare capacity and substitutes outlast a
# year.

# %%
print(f"{ranking.simulated['mineral']} played, {ranking.harmless['mineral']} cost nothing")

# %%
minerals = survey(world, TRIO, what=["mineral"])
show(figures.heat_map(world, minerals))

# %% [markdown]
# Korea and the United States import magnets, so neodymium hurts them; Japan makes its own magnets
# from imported oxide, so heavy rare earths do, and it depends on South African rhodium for
# catalysts. Where is the row you expected? `docs/chokepoints.md` goes through the first ten of
# each country, with what surprised and why.
#
# ## 2. Does the structure of trade say the same?
#
# Indices need no simulation: concentration of world output (hhi), the exports that a maximum flow
# from a supplier reaches (cut), the share of exports that stops without it if nobody reroutes
# (dominator), and the share whose chains pass through it (betweenness).

# %%
korea = node_measures(world.network, ["KOR"])
pd.DataFrame(
    {f"{c}:{p}": dict(values) for (c, p), values in korea.items() if c != "KOR"}
).T.nlargest(8, "dominator")

# %%
beside = ranking.table().set_index("id")[["loss_usd", "hhi", "cut", "dominator", "betweenness"]]
beside.rank(ascending=False, method="min").astype("Int64")

# %% [markdown]
# Ranks among the fifteen rows of the first table (none for a ban by one of the three). Over all
# 1,139 bans on single products that reach Korean exports (`docs/chokepoints.md`) concentration is
# the better guide to *whether* a ban costs anything, and flows to *how much* it costs. What
# neither knows is how long stocks last, whether an input is critical, and who has idle plants.

# %% [markdown]
# ## 3. How the loss grows with severity

# %%
curve = severity_curve(world, "CHN:dysprosium", ["KOR"])
curve.table()

# %% [markdown]
# Half the exports withheld cost far less than half the loss of a full stop: plants first live on
# stocks and on what still arrives.
#
# ## 4. Why did this sector fall?
#
# The licences of April 2025, Korean auto parts. Every dollar lost is followed upstream to what
# bound, month by month; the amounts sum to the loss.

# %%
april = sc.load_scenario("china-april-2025")
result = sc.simulate(world, april, focus=["KOR"], effort=sc.Effort(planner=False, band=False))
why = result.explain("KOR", "auto_parts")
print(why.sentence)

# %%
show(figures.explain_tree(result, "KOR", "auto_parts", "adaptive"))

# %%
parts = sum(c.usd for c in why.contributions)
print(f"contributions {parts:,.0f} USD, loss {why.loss_usd:,.0f} USD")

# %% [markdown]
# The ledger says what bound in this run. How much each mineral *adds* is another question, since
# losses overlap; Shapley's answer plays every combination of the seven elements.

# %%
shares = sc.shapley(world, april, focus=["KOR"])
show(figures.shared(shares, "KOR", "auto_parts"))

# %% [markdown]
# ## 5. Who could withhold what, and what partners could replace
#
# The four minerals of the published case studies on Korea, Japan and the United States.

# %%
power = leverage(world, TRIO, ("cobalt", "gallium", "molybdenum", "tungsten"))
tables = power.tables()
tables["withhold"].head(12)

# %%
columns = ["actor", "mineral", "focus", "product", "partner", "possible_share", "reached_share"]
tables["replace"][columns].head(12)

# %% [markdown]
# `possible` is arithmetic: idle capacity that access rules let a partner sell to the country.
# `reached` is what it ships in the simulation, where its own inputs may be withheld too. The gap
# between the two is the lesson: idle furnaces are not idle ore.
#
# ## 6. How sure?
#
# No row above should be quoted alone. A band for any of them is one run away:

# %%
ban = sc.restrict("ZAF", ["rhodium"], kind="ban", focus=["JPN"])
banded = sc.simulate(world, ban, effort=sc.Effort(planner=False))
losses = banded.export_losses()
losses[losses.adaptive_share > 0][["sector", "adaptive_share", "band_low_share", "band_high_share"]]
