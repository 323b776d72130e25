"""Read files of origins: addresses, paths, redirects, ranges, retries."""
