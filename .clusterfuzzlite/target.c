/* What libFuzzer calls in the target TARGET, a name in quotes. It is linked with the archive
   of the package's targets, which has smpcheckFuzz; see fuzz/libfuzzer/prepare. */

#include <stddef.h>
#include <stdint.h>

void smpcheckFuzz(char *name, void *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  smpcheckFuzz((char *)TARGET, (void *)data, size);
  return 0;
}
