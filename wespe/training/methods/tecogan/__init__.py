"""TecoGAN (Chu et al., ACM Transactions on Graphics 2020), and FRVSR within it."""
