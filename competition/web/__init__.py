"""Web page that answers: images dropped into a browser, their labels and heat maps, and corrections."""
