"""CORNIA: how distorted a photo looks, judged by the words that its small patches come nearest to.

Ye, Kumar, Kang and Doermann, "Unsupervised Feature Learning Framework for No-Reference Image
Quality Assessment", CVPR 2012.
"""
