#!/usr/bin/env bats
# bats file_tags=release
# Editors: a save is at most one changing request, whatever the editor does to the file and beside it.

load helper
load saves

setup_file() {
    all_up
}

setup() {
    use_machine
}

line_of_size() {
    grep -n '"size"' "$file" | cut -d: -f 1
}

# vim_ex SETTINGS COMMAND...: without a terminal. Prints what would have been told in one, and fails then.
vim_ex() {
    local settings=$1 command arguments=()
    shift
    for command in "$@"; do arguments+=(-c "$command"); done
    timeout 20 vim -es -u NONE -i NONE -N --cmd "set $settings" "${arguments[@]}" \
        -c "call writefile(filter([v:errmsg, v:warningmsg], 'v:val != \"\"'), '$PLACE/told')" -c 'qa!' "$file" || echo "vim ended with $?"
    cat "$PLACE/told"
    [ ! -s "$PLACE/told" ]
}

grow='%s/"size": "standard-2"/"size": "standard-4"/'
grow_more='%s/"size": "standard-4"/"size": "standard-8"/'

vim_saves() {
    local settings=$1
    shift
    quiet vim_ex "$settings" "$grow" w
    size_is standard-4
    came_to "vim, ${settings/swapfile /}" 1 0 "PATCH $id {\"size\":\"standard-4\"}" "$@"
    nothing_is_new
}

@test "vim, backupcopy=yes" {
    vim_saves 'swapfile backupcopy=yes writebackup nobackup'
}

@test "vim, backupcopy=no" {
    vim_saves 'swapfile backupcopy=no writebackup nobackup'
}

@test "vim, backupcopy=auto" {
    vim_saves 'swapfile backupcopy=auto writebackup nobackup'
}

@test "vim, backup, backupcopy=yes" {
    vim_saves 'swapfile backupcopy=yes writebackup backup' "$name.json~"
    grep -q standard-2 "$file~"
}

@test "vim, backup, backupcopy=no" {
    vim_saves 'swapfile backupcopy=no writebackup backup' "$name.json~"
    grep -q standard-2 "$file~"
}

@test "vim, backup, backupcopy=auto" {
    vim_saves 'swapfile backupcopy=auto writebackup backup' "$name.json~"
}

@test "vim, no backup at all" {
    vim_saves 'swapfile nowritebackup nobackup'
}

@test "vim, patchmode" {
    vim_saves 'swapfile patchmode=.orig' "$name.json.orig"
}

@test "vim: :w, :w again with another change, and a :w without one" {
    local copy
    for copy in a:yes b:no c:auto; do
        use_machine "${copy%:*}"
        quiet vim_ex "swapfile writebackup backupcopy=${copy#*:}" "$grow" w w "$grow_more" w w
        size_is standard-8
        came_to "vim, \`:w\` four times: a change, none, a change, none" 4 2 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}"
        nothing_is_new
    done
}

@test "vim: what was saved is undone and saved again" {
    quiet vim_ex 'swapfile writebackup backupcopy=auto' "$grow" w u w
    size_is standard-2
    came_to "vim, \`:w\`, undo, \`:w\`" 2 0 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-2\"}"
}

@test "vim: :wq and :x" {
    quiet timeout 20 vim -es -u NONE -i NONE -c "$grow" -c wq "$file"
    quiet timeout 20 vim -es -u NONE -i NONE -c "$grow_more" -c x "$file"
    size_is standard-8
    came_to "vim, \`:wq\` and \`:x\`" 2 0 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}"
}

@test "vim: a save without a change sends nothing" {
    local copy
    for copy in yes no auto; do
        quiet vim_ex "swapfile backup writebackup backupcopy=$copy" w w
        rm -f "$file~"
    done
    size_is standard-2
    came_to "vim, a save without a change" 6 6 ''
}

@test "vim: a nested field" {
    quiet vim_ex 'swapfile' '%s/"owner": "ops"/"owner": "sales"/' w
    came_to "vim, a nested field" 1 0 "PATCH $id "'{"metadata":{"owner":"sales"}}'
}

@test "vim: a change that is refused is reported, and the text kept" {
    local copy
    for copy in a:yes b:no c:auto; do
        use_machine "${copy%:*}"
        refuse_changes
        run vim_ex "swapfile writebackup backupcopy=${copy#*:}" "$grow" w
        assert_failure
        assert_output --regexp 'E[0-9]+'
        was_refused
    done
}

@test "vim in a terminal: two saves, no warning" {
    open_screen vim -u NONE -i NONE -N --cmd 'set swapfile backup writebackup backupcopy=auto' "$file"
    shows '"id"'
    assert_equal "$(find "$prod" -name ".$name.json.swp" -printf '%f\n')" ".$name.json.swp"
    keys ":$grow" Enter ':w' Enter
    shows 'written'
    shows 'standard-4'
    keys ":$grow_more" Enter ':w' Enter
    shows 'standard-8'
    keys 'ix' Escape 'u' ':echo "sa"."me"' Enter
    shows 'same'
    keys ':w' Enter
    shows 'written'
    run screen
    refute_output --regexp 'WARNING|E[0-9]+:|changed since'
    keys ':wq' Enter
    closed
    size_is standard-8
    came_to "vim in a terminal" 4 2 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}" "$name.json~"
    nothing_is_new
}

@test "vim in a terminal: a change that is refused is told on the screen" {
    refuse_changes
    open_screen vim -u NONE -i NONE -N --cmd 'set swapfile writebackup backupcopy=auto' "$file"
    shows '"id"'
    keys ":$grow" Enter ':w' Enter
    shows 'E5'
    faults_clear
    keys ':q!' Enter
    closed
    was_refused
}

@test "vim: a new file, and a new instance" {
    run timeout 20 vim -es -u NONE -i NONE -N --cmd 'set swapfile writebackup' \
        -c 'call setline(1, "{\"region\": \"eu-central\", \"size\": \"standard-1\"}")' -c w -c wq "$prod/$name-new.json"
    assert_success
    assert_output ''
    came_to "vim, a new file" 2 1 "POST instances {\"name\":\"$name-new\",\"project_id\":\"prj_1\",\"region\":\"eu-central\",\"size\":\"standard-1\"}" "$name-new.json"
}

# emacs

emacs_saves() {
    timeout 20 emacs -Q --batch "$file" --eval "(progn $1)"
}

find_and_replace='(goto-char (point-min)) (search-forward "\"size\": \"standard-2") (replace-match "\"size\": \"standard-4" t t)'
find_and_replace_again='(goto-char (point-min)) (search-forward "\"size\": \"standard-4") (replace-match "\"size\": \"standard-8" t t)'

@test "emacs, its backup made by renaming" {
    run emacs_saves "(setq create-lockfiles t) $find_and_replace (do-auto-save) (save-buffer)"
    assert_success
    assert_output ''
    size_is standard-4
    came_to "emacs, backup by renaming" 1 0 "PATCH $id {\"size\":\"standard-4\"}" "$name.json~"
    grep -q standard-2 "$file~"
    nothing_is_new
}

@test "emacs, its backup made by copying" {
    run emacs_saves "(setq backup-by-copying t create-lockfiles t) $find_and_replace (save-buffer)"
    assert_success
    assert_output ''
    size_is standard-4
    came_to "emacs, backup by copying" 1 0 "PATCH $id {\"size\":\"standard-4\"}" "$name.json~"
    nothing_is_new
}

@test "emacs, numbered backups" {
    run emacs_saves "(setq version-control t) $find_and_replace (save-buffer)"
    assert_success
    assert_output ''
    size_is standard-4
    came_to "emacs, numbered backups" 1 0 "PATCH $id {\"size\":\"standard-4\"}" "$name.json.~1~"
}

@test "emacs, no backup; two saves and one without a change" {
    run emacs_saves "(setq make-backup-files nil) $find_and_replace (save-buffer) $find_and_replace_again (save-buffer) (set-buffer-modified-p t) (save-buffer)"
    assert_success
    size_is standard-8
    came_to "emacs, no backup" 3 1 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}"
    nothing_is_new
}

@test "emacs, precious files: written beside and renamed" {
    run emacs_saves "(setq file-precious-flag t make-backup-files nil) $find_and_replace (save-buffer)"
    assert_success
    assert_output ''
    size_is standard-4
    came_to "emacs, precious files" 1 0 "PATCH $id {\"size\":\"standard-4\"}"
}

@test "emacs: a save without a change sends nothing" {
    run emacs_saves '(set-buffer-modified-p t) (save-buffer)'
    assert_success
    rm "$file~"
    came_to "emacs, a save without a change" 1 1 ''
    size_is standard-2
}

@test "emacs: a change that is refused is reported, and the text kept" {
    refuse_changes
    run emacs_saves "$find_and_replace (save-buffer)"
    assert_failure
    assert_output --partial 'Invalid argument'
    was_refused
}

@test "emacs in a terminal: lock, auto-save, two saves" {
    open_screen emacs -nw -Q "+$(line_of_size)" "$file"
    shows '"id"'
    keys C-e C-b C-b BSpace 4
    shows 'standard-4'
    keys M-x do-auto-save Enter
    within 10 test -e "$prod/#$name.json#"
    [ -L "$prod/.#$name.json" ]
    keys C-x C-s
    shows 'Wrote'
    keys BSpace 8
    shows 'standard-8'
    keys C-x C-s
    within 10 has_size standard-8
    run screen
    refute_output --regexp 'changed on disk|rror|locked'
    keys C-x C-c
    closed
    came_to "emacs in a terminal" 2 0 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}" "$name.json~"
    nothing_is_new
}

# nano

nano_saves() {
    local left=$1
    shift
    open_screen nano --ignorercfiles "$@" "+$(line_of_size)" "$file"
    shows '"id"'
    keys End Left Left BSpace 4
    shows 'standard-4'
    keys C-o Enter
    shows 'Wrote'
    keys BSpace 8
    shows 'standard-8'
    keys C-o Enter
    within 10 has_size standard-8
    keys x BSpace C-o Enter
    run screen
    refute_output --regexp 'rror|Modified by|has changed|changed on disk'
    keys C-x
    closed
    came_to "nano${*:+ $*}" 3 1 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}" $left
    nothing_is_new
}

@test "nano" {
    nano_saves ''
}

@test "nano with a backup and a lock file" {
    nano_saves "$name.json~" --backup --locking
}

@test "nano: a change that is refused is reported, and the text kept" {
    refuse_changes
    open_screen nano --ignorercfiles "+$(line_of_size)" "$file"
    shows '"id"'
    keys End Left Left BSpace 4 C-o Enter
    shows 'Error'
    faults_clear
    keys C-x n
    closed
    was_refused
}

# ed, mcedit

@test "ed" {
    quiet timeout 20 ed -s "$file" <<<$',s/"size": "standard-2"/"size": "standard-4"/\nw\n,s/"size": "standard-4"/"size": "standard-8"/\nw\nw\nq'
    size_is standard-8
    came_to "ed" 3 1 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}"
    nothing_is_new
}

@test "ed: a change that is refused is reported, and the text kept" {
    refuse_changes
    run timeout 20 ed -s "$file" <<<$',s/"size": "standard-2"/"size": "standard-4"/\nw\nQ'
    assert_failure
    assert_output --partial 'Invalid argument'
    was_refused
}

# mcedit_saves MODE LEFTOVER: 0 quick, 1 safe, 2 with a backup.
mcedit_saves() {
    mkdir -p "$XDG_CONFIG_HOME/mc"
    printf '[Midnight-Commander]\neditor_option_save_mode=%s\neditor_backup_extension=~\n' "$1" >"$XDG_CONFIG_HOME/mc/ini"
    open_screen mcedit "$file:$(line_of_size)"
    shows '"id"'
    keys End Left Left BSpace 4
    shows 'standard-4'
    keys F2
    shows 'Confirm save'
    keys Enter
    within 10 has_size standard-4
    keys BSpace 8 F2
    shows 'Confirm save'
    keys Enter
    within 10 has_size standard-8
    run screen
    refute_output --regexp 'rror|annot|modified'
    keys F10
    closed
    came_to "mcedit, $2" 2 0 "PATCH $id {\"size\":\"standard-4\"}
PATCH $id {\"size\":\"standard-8\"}" $3
    nothing_is_new
}

@test "mcedit, quick save" {
    mcedit_saves 0 'quick save' ''
}

@test "mcedit, safe save" {
    mcedit_saves 1 'safe save' ''
}

@test "mcedit, with backups" {
    mcedit_saves 2 'with backups' "$name.json~"
}
