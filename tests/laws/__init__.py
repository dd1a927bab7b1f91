"""What the tests of laws share: networks built by hand or at random, masks, brute-force counterparts."""
