# fish completion for skystack-sandbox

complete -c skystack-sandbox -f
@FISH_SANDBOX@
