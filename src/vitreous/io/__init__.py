"""Files of the field. Foreign conventions stop here: nothing above knows that RELION or MRC exist."""
