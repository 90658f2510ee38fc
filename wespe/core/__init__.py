"""What every room stands on: files, processes, devices, and the base class of settings.

Imports nothing.
"""
