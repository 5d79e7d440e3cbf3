rule download:
    input:
        registry=lambda wildcards: registry_of(wildcards.source),
    output:
        manifest=f"{config['downloads']}/{{source}}.json",
    log:
        f"logs/{config['profile']}/download-{{source}}.log",
    conda:
        "../../environment.yml"
    params:
        folder=f"{config['downloads']}/{{source}}",
    message:
        "download {wildcards.source}"
    script:
        "../scripts/download.py"


rule prepare:
    input:
        files=files_of,
        loader=loader_of,
        library=library_of("prepare.py"),
    output:
        clean=f"{RESULTS}/data/{{dataset}}/clean.npz",
        facts=f"{RESULTS}/data/{{dataset}}/facts.json",
    log:
        f"logs/{config['profile']}/{{dataset}}/prepare.log",
    conda:
        "../../environment.yml"
    params:
        loader=lambda wildcards: str(DATASETS[wildcards.dataset].path),
        params=lambda wildcards: DATASETS[wildcards.dataset].params,
        rank=lambda wildcards: DATASETS[wildcards.dataset].settings["rank"],
        folder=lambda wildcards: f"{config['downloads']}/{source_of(wildcards)}",
    message:
        "prepare {wildcards.dataset}"
    script:
        "../scripts/prepare.py"


rule corrupt:
    input:
        clean=f"{RESULTS}/data/{{dataset}}/clean.npz",
        facts=f"{RESULTS}/data/{{dataset}}/facts.json",
    output:
        noisy=f"{RESULTS}/data/{{dataset}}/{{noise}}/{{seed}}.npz",
        withheld=f"{RESULTS}/data/{{dataset}}/{{noise}}/{{seed}}-withheld.npz",
    log:
        f"logs/{config['profile']}/{{dataset}}/{{noise}}/corrupt-{{seed}}.log",
    conda:
        "../../environment.yml"
    params:
        library=plan.digest_of(library_of("corrupt.py")),
        noise=lookup(within=config, dpath="noise/{noise}"),
    message:
        "corrupt {wildcards.dataset} by {wildcards.noise}, seed {wildcards.seed}"
    script:
        "../scripts/corrupt.py"
