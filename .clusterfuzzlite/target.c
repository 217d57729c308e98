/* What libFuzzer calls in the target TARGET, a name in quotes. It is linked with the archive
   of the package's targets, which has the functions of Go; see fuzz/libfuzzer/prepare. */

#include <stddef.h>
#include <stdint.h>

void smpcheckStart(char *name);
void smpcheckFuzz(void *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  smpcheckStart((char *)TARGET);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  smpcheckFuzz((void *)data, size);
  return 0;
}
