"""The mathematics: arrays in, arrays out. No tables or files, no names of countries or minerals."""
