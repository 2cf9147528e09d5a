"""How hard the hard sample is: all of it stands here."""

# what tells classes apart
ALIKE = 0.15  # share of the pages whose layout is the family's plain one, so that only their text tells the class
TITLE_HEIGHT = 0.03  # of the page's longer side; the default sample's titles have 0.05 to 0.07
ROW_HEIGHT = 0.02  # of the page's longer side, for a line of a table or grid
CUE_SIZE = 1.0  # factor on the size of the block or box that tells a class

# damage of test pages
WEAR = 0.8  # factor on the probability of every defect
SEVERE = 0.12  # share of the pages that are damaged still more
SEVERE_FACTOR = 2.0  # the factor on top of WEAR for them
SLANT_RANGE = (0.05, 0.22)  # how far a photographed page's corner may move, a share of the page
ROOM_RANGE = (0.97, 1.35)  # sides of the photograph, in the page's: below 1 the page is cut off
SCAN_SIDE_RANGE = (440, 641)  # pixels of the image's longer side
PHOTO_SIDE_RANGE = (480, 641)

# labels
RARE = 0.5  # pages of a rare class, in those of another
WRONG_LABELS = 0.02  # share of the training rows
