# a comment
echo a # trailing
echo a#b '#' \# "#"
: # nothing
#
echo end #'
