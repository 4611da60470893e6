/* script_data.c: writes the numbers of a picture, as blocks that its script names by their place. */
#include "script.h"

#include "text.h"

void script_write_data(FILE *out, const picture *p)
{
    uint32_t i, b, k, index = 0;
    uint64_t row;
    (void)fputs("# ", out);
    script_remark(out, p->data);
    (void)fputs(": what ", out);
    script_remark(out, p->script);
    (void)fputs(" draws, one block for each curve\n", out);
    for (i = 0; i < p->count; i++) {
        const panel *one = &p->panels[i];
        const panel_data *d = &p->numbers[i];
        for (b = 0; b < d->count; b++, index++) {
            const block *numbers = &d->blocks[b];
            (void)fprintf(out, "%s# block %u: %s", index == 0 ? "" : "\n\n", index, panel_name(one));
            if (one->by.source != SOURCE_NONE && d->form == FORM_CURVES) {
                (void)fprintf(out, " for %s=", one->by.name);
                script_remark(out, numbers->label);
            }
            if (one->kind == KIND_HISTOGRAM)
                (void)fputs("\n# from to runs\n", out);
            else if (one->kind == KIND_RASTER)
                (void)fprintf(out, "\n# %s run\n", one->array.name);
            else if (one->kind == KIND_TRACE)
                (void)fprintf(out, " of run %llu\n# %s %s\n", (unsigned long long)d->run, one->array.dimension,
                              one->array.name);
            else
                (void)fprintf(out, "\n# %s %s%s\n", one->x.name, one->kind == KIND_LINES ? "" : one->y.name,
                              d->form == FORM_CELLS     ? " colour left right lower upper"
                              : d->form == FORM_SPOTS   ? " colour"
                              : one->kind == KIND_LINES ? "mean least largest runs"
                                                        : "");
            for (row = 0; row < numbers->rows; row++)
                for (k = 0; k < numbers->columns; k++) {
                    char text[40];
                    (void)fprintf(out, "%s%c", text_number(numbers->numbers[row * numbers->columns + k], text),
                                  k + 1 < numbers->columns ? ' ' : '\n');
                }
        }
    }
}
