"""Groups of commands, a file for each word that one types after `bookroom`."""
