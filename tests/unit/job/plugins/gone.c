/* A library that a plug-in needs, and that is where nobody looks for it. */
void gone_function(void);

void gone_function(void) {
}
