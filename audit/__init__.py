"""Saliency Audit: does an explanation depend on what it must depend on, and on nothing else?"""
