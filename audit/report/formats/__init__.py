"""The files for machines, and the PDF."""
