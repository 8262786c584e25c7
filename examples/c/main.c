/* Calls a function that `cargo run --release --example export` wrote: rotations of points by rotation vectors. */

#include "rotate.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    enum { COUNT = 3 };
    static const double vectors[COUNT][3] = {{0, 0, 1.5707963267948966}, {0, 0, 0}, {1e-9, 0, 0}};
    static const double point[3] = {1, 2, 3};
    static double rotated[COUNT][3];

    size_t bytes = rotate_workspace_bytes(COUNT);
    /* A size of 0 may give NULL, which serves. */
    void *workspace = bytes == 0 ? NULL : aligned_alloc(64, bytes);
    int status = rotate(&vectors[0][0], point, &rotated[0][0], COUNT, workspace, bytes);
    free(workspace);
    if (status != ROTATE_DONE) {
        fprintf(stderr, "rotate: status %d\n", status);
        return 1;
    }
    for (int row = 0; row < COUNT; row++) {
        printf("%.17g %.17g %.17g\n", rotated[row][0], rotated[row][1], rotated[row][2]);
    }
    return 0;
}
