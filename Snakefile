# The workflow is workflow/Snakefile. `include` drops a default target, so it is named again here.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
    message:
        "every result is there"
