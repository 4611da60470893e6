/* Tests of what README says to type: its first model, word for word, from an empty folder. */
#include "command.h"
#include "suite.h"

#define ROOT TEST_SOURCE_FOLDER "/.."

/* The indented blocks of "Your first model": commands, the model, commands. */
#define BLOCKS                                                                                                         \
    "awk -v to=\"$PWD/block\" 'on && /^## / { exit } /^## Your first model/ { on = 1 } !on { next } "                  \
    "/^    / { if (!inside) n++; inside = 1; print substr($0, 5) > (to n); next } /^$/ { next } { inside = 0 }' " ROOT \
    "/README.md"
/* Only the folders are other ones: that of the build, and the one to work in. */
#define TYPED "sed \"s|\\.\\./decay|$here/decay|g; s|\\$PWD/build/release|" TEST_BUILD_FOLDER "|\""

static void test_first_model(void)
{
    folder_begin();
    EXPECT(SHELL(BLOCKS " && grep -q '^PIPETTE_MODEL' block2 && ! test -e block4") == 0);
    EXPECT(SHELL("here=$PWD; { echo \"cd " ROOT "\"; " TYPED " block1; echo \"cp $here/block2 decay.c\"; " TYPED
                 " block3; } > typed") == 0);
    EXPECT(SHELL("exec sh -eu typed") == 0);
    EXPECT(out_has("run,k,half_life\n") && out_has("0.6931471805599453\n"));
    EXPECT(err_has("decay: 3 of 3 runs") || out_has("decay: 3 of 3 runs"));
    folder_end();
}

SUITE("readme", {"the first model", test_first_model}, )
