"""The mathematics: arrays in, arrays out. No tables, no files, no names of countries or minerals."""
