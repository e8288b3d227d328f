"""Imports of files, in steps that can be left and found again: a file is received, its rows are
read into a staging table, compared in batches, shown, corrected, then written all or nothing."""
