/* Tests of the public headers: each compiles alone as C11 and C++17 without a warning, and a model builds with one
 * line. */
#include <dirent.h>

#include "command.h"
#include "fake_run.h"
#include "suite.h"

#define HEADERS TEST_SOURCE_FOLDER "/../include"
#define WARNINGS "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

static int exists(const char *program)
{
    char command[256];
    (void)snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return SHELL(command) == 0;
}

/* Compiles a one-line file for each header, as C or as C++. */
static void compile_headers(const char *compiler, const char *standard, const char *extension)
{
    DIR *headers = opendir(HEADERS "/pipette");
    const struct dirent *entry;
    int count = 0, status;
    if (headers == NULL)
        CU_FAIL_FATAL("include/pipette cannot be read");
    while ((entry = readdir(headers)) != NULL) {
        char text[512], name[300], command[1024];
        const size_t length = strlen(entry->d_name);
        if (length < 3 || strcmp(entry->d_name + length - 2, ".h") != 0)
            continue;
        (void)snprintf(text, sizeof text, "#include <pipette/%s>\n", entry->d_name);
        (void)snprintf(name, sizeof name, "one.%s", extension);
        file_write(name, text);
        (void)snprintf(command, sizeof command, "%s %s " WARNINGS " -I" HEADERS " -fsyntax-only %s", compiler, standard,
                       name);
        status = SHELL(command);
        CU_ASSERT_EQUAL(status, 0);
        (void)told(status == 0, command);
        count++;
    }
    (void)closedir(headers);
    CU_ASSERT(count >= 8);
}

/* All of them, behind headers that make macros of short words: complex, I, bool, sqrt. */
static void compile_after_others(const char *compiler, const char *standard, const char *extension)
{
    char name[32], command[1024];
    (void)snprintf(name, sizeof name, "others.%s", extension);
    file_write(name, "#include <complex.h>\n#include <stdbool.h>\n#include <tgmath.h>\n#include <pipette/launcher.h>\n"
                     "#include <pipette/embed.h>\n");
    (void)snprintf(command, sizeof command, "%s %s " WARNINGS " -I" HEADERS " -fsyntax-only %s", compiler, standard,
                   name);
    CU_ASSERT_EQUAL(SHELL(command), 0);
}

static void test_gcc(void)
{
    folder_begin();
    CU_ASSERT_TRUE_FATAL(exists("gcc"));
    compile_headers("gcc", "-std=c11", "c");
    compile_after_others("gcc", "-std=gnu11", "c");
    compile_headers("g++", "-std=c++17", "cpp");
    compile_after_others("g++", "-std=c++17", "cpp");
    folder_end();
}

static void test_clang(void)
{
    folder_begin();
    if (!exists("clang")) {
        fprintf(stderr, " (no clang here, left out) ");
        folder_end();
        return;
    }
    compile_headers("clang", "-std=c11", "c");
    compile_after_others("clang", "-std=gnu11", "c");
    compile_headers("clang++", "-std=c++17", "cpp");
    compile_after_others("clang++", "-std=c++17", "cpp");
    folder_end();
}

static const char model[] =
    "#include <pipette/model.h>\n"
    "\n"
    "static const pipette_parameter_spec parameters[] = {\n"
    "    PIPETTE_F64(\"x\", 1.0, \"1\", \"First factor.\"),\n"
    "    PIPETTE_F64(\"y\", 1.0, \"1\", \"Second factor.\"),\n"
    "};\n"
    "static const pipette_result_spec results[] = {\n"
    "    PIPETTE_RESULT_F64(\"$.z\", \"1\", \"Their product.\"),\n"
    "};\n"
    "static int multiply(pipette_run *run)\n"
    "{\n"
    "    return pipette_put_f64(run, \"$.z\", pipette_f64(run, \"x\") * pipette_f64(run, \"y\"));\n"
    "}\n"
    "PIPETTE_MODEL(\"multiply\", \"1.0\", \"Multiplies two numbers.\", parameters, results, multiply);\n";

/* Loads a model that was built in the folder and multiplies 6 by 7. */
static void run_model(const char *file)
{
    char path[4096];
    const pipette_descriptor *descriptor;
    fake_run run;
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    descriptor = fake_plugin_load(path);
    if (descriptor == NULL)
        CU_FAIL_FATAL("the model cannot be loaded");
    CU_ASSERT_EQUAL(descriptor->magic, PIPETTE_MAGIC);
    CU_ASSERT_EQUAL(memcmp(&descriptor->magic, "PIPETTE", 8), 0);
    CU_ASSERT_STRING_EQUAL(descriptor->name, "multiply");
    fake_run_begin(&run, (const pipette_model *)descriptor->table);
    CU_ASSERT_EQUAL_FATAL(fake_run_shape(&run), PIPETTE_OK);
    fake_run_set(&run, "x", pipette_value_f64(6.0));
    fake_run_set(&run, "y", pipette_value_f64(7.0));
    CU_ASSERT_EQUAL(fake_run_go(&run), PIPETTE_OK);
    CU_ASSERT_EQUAL(*(const double *)fake_run_data(&run, "$.z"), 42.0);
    fake_run_end(&run);
}

static void test_model_in_c(void)
{
    folder_begin();
    file_write("multiply.c", model);
    CU_ASSERT_EQUAL_FATAL(SHELL("cc -shared -fPIC -I" HEADERS " multiply.c -o multiply.so"), 0);
    run_model("multiply.so");
    CU_ASSERT_EQUAL(SHELL("cc -std=c11 " WARNINGS " -shared -fPIC -I" HEADERS " multiply.c -o strict.so"), 0);
    folder_end();
}

static const char every_macro[] =
    "#include <complex.h>\n"
    "#include <pipette/model.h>\n"
    "PIPETTE_F64_VALUES(weights, 0.5, 0.25);\n"
    "PIPETTE_F32_VALUES(floats, 0.5f);\n"
    "PIPETTE_I64_VALUES(longs, 1, 2);\n"
    "PIPETTE_I32_VALUES(integers, 1, 2, 3);\n"
    "PIPETTE_U64_VALUES(seeds, 1);\n"
    "PIPETTE_BOOL_VALUES(switches, 0, 1);\n"
    "PIPETTE_COMPLEX_VALUES(roots, {0.0, 1.0}, {-1.0, 0.0});\n"
    "PIPETTE_STRING_VALUES(words, \"one\", \"two\");\n"
    "static const pipette_parameter_spec parameters[] = {\n"
    "    PIPETTE_F64_ARRAY(\"weights\", weights, NULL, NULL), PIPETTE_F32_ARRAY(\"floats\", floats, \"1\", \"\"),\n"
    "    PIPETTE_I64_ARRAY(\"longs\", longs, NULL, NULL),     PIPETTE_I32_ARRAY(\"integers\", integers, NULL, NULL),\n"
    "    PIPETTE_U64_ARRAY(\"seeds\", seeds, NULL, NULL),     PIPETTE_BOOL_ARRAY(\"switches\", switches, NULL),\n"
    "    PIPETTE_COMPLEX_ARRAY(\"roots\", roots, NULL, NULL), PIPETTE_STRING_ARRAY(\"words\", words, NULL),\n"
    "};\n"
    "static const char *const states[] = {\"S\", \"I\", \"R\"};\n"
    "static const pipette_dimension dimensions[] = {PIPETTE_LABELLED_DIMENSION(\"state\", states, NULL)};\n"
    "static const pipette_result_spec results[] = {\n"
    "    PIPETTE_RESULT_ARRAY(\"$.people\", PIPETTE_TYPE_F64, NULL, NULL, dimensions)};\n"
    "static int people(pipette_run *run)\n"
    "{\n"
    "    return pipette_put_f64_array(run, \"$.people\", pipette_f64_array(run, \"weights\", NULL), 2);\n"
    "}\n"
    "PIPETTE_MODEL(\"people\", NULL, NULL, parameters, results, people);\n";

/* What the macros made: constants that stand in the file, in both languages. */
static void look_at_macros(const char *file)
{
    char path[4096];
    const pipette_descriptor *descriptor;
    const pipette_model *table;
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    descriptor = fake_plugin_load(path);
    if (descriptor == NULL)
        CU_FAIL_FATAL("the model cannot be loaded");
    table = (const pipette_model *)descriptor->table;
    CU_ASSERT_EQUAL_FATAL(table->parameter_count, 8);
    CU_ASSERT_PTR_NULL(table->parameters[0].unit);
    CU_ASSERT_EQUAL(table->parameters[0].default_array->shape[0], 2);
    CU_ASSERT_EQUAL(((const double *)table->parameters[0].default_array->data)[1], 0.25);
    CU_ASSERT_EQUAL(((const int32_t *)table->parameters[3].default_array->data)[2], 3);
    CU_ASSERT_EQUAL(((const pipette_complex *)table->parameters[6].default_array->data)[1].real, -1.0);
    CU_ASSERT_STRING_EQUAL(((const char *const *)table->parameters[7].default_array->data)[1], "two");
    CU_ASSERT_EQUAL(table->results[0].dimensions[0].extent, 3);
    CU_ASSERT_STRING_EQUAL(table->results[0].dimensions[0].labels[2], "R");
}

static void test_macros(void)
{
    folder_begin();
    file_write("people.c", every_macro);
    file_write("people.cpp", every_macro);
    CU_ASSERT_EQUAL_FATAL(SHELL("cc -std=c11 " WARNINGS " -shared -fPIC -I" HEADERS " people.c -o people.so"), 0);
    CU_ASSERT_EQUAL_FATAL(SHELL("c++ -std=c++17 " WARNINGS " -shared -fPIC -I" HEADERS " people.cpp -o people_cpp.so"),
                          0);
    look_at_macros("people.so");
    look_at_macros("people_cpp.so");
    if (exists("clang") && exists("clang++")) {
        CU_ASSERT_EQUAL(SHELL("clang -std=c11 " WARNINGS " -fsyntax-only -I" HEADERS " people.c"), 0);
        CU_ASSERT_EQUAL(SHELL("clang++ -std=c++17 " WARNINGS " -fsyntax-only -I" HEADERS " people.cpp"), 0);
    }
    folder_end();
}

static void test_model_in_cpp(void)
{
    folder_begin();
    file_write("multiply.cpp", model);
    CU_ASSERT_EQUAL_FATAL(
        SHELL("c++ -std=c++17 " WARNINGS " -shared -fPIC -I" HEADERS " multiply.cpp -o multiply_cpp.so"), 0);
    run_model("multiply_cpp.so");
    folder_end();
}

/* A model exports its entry and nothing else of ours, and needs nothing of ours. */
static void test_symbols(void)
{
    folder_begin();
    file_write("multiply.c", model);
    CU_ASSERT_EQUAL_FATAL(SHELL("cc -shared -fPIC -I" HEADERS " multiply.c -o symbols.so"), 0);
    CU_ASSERT_EQUAL(SHELL("test \"$(nm -D --defined-only symbols.so | awk '{print $3}')\" = pipette_plugin_entry"), 0);
    CU_ASSERT_NOT_EQUAL(SHELL("nm -D --undefined-only symbols.so | grep -q pipette"), 0);
    folder_end();
}

SUITE("headers", {"each compiles alone with gcc and g++", test_gcc},
      {"each compiles alone with clang and clang++", test_clang}, {"a model in C is one command", test_model_in_c},
      {"a model in C++ is one command", test_model_in_cpp}, {"macros in both languages", test_macros},
      {"a model exports its entry alone and needs nothing", test_symbols}, )
