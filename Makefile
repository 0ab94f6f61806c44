# The front door for those who have make: every target is `python -m site_gen <target>`.

# Without PYTHON= the command may look for a newer Python than python3; with it, that one or none.
NAMED := $(strip $(value PYTHON))
ifndef NAMED
  override PYTHON := python3
endif
WORDS := help site test serve study figure check why new-study record bench nightly \
  scheduler worker cluster-demo clean distclean

# Values reach the command as they are: make expands nothing, the shell sees quoted variables.
VARIABLES := PROFILE SEED SET SCHEDULER BROWSER ID PORT PYTHON
$(foreach name,$(VARIABLES),$(eval override export $(name) := $$(value $(name))))
# Some terminals have the machine's NAME in their environment: only an argument counts.
override export NAME := $(if $(findstring command,$(origin NAME)),$(value NAME))

OPTIONS := # of the targets below; one in the environment is not meant
CHOICE := $${PROFILE:+"--profile=$$PROFILE"} $${SEED:+"--seed=$$SEED"} $${SET:+"--set=$$SET"}
CLUSTER := $${SCHEDULER:+"--scheduler=$$SCHEDULER"}
LISTEN := $${PORT:+"--port=$$PORT"}
site test nightly: OPTIONS = $(CHOICE) $(CLUSTER)
serve: OPTIONS = $(CHOICE) $(CLUSTER) $(LISTEN)
study figure record: OPTIONS = $(CHOICE) $(CLUSTER) $${ID:+-- "$$ID"}
why: OPTIONS = $(CHOICE) $${ID:+-- "$$ID"}
check: OPTIONS = $${ID:+-- "$$ID"}
new-study: OPTIONS = $${NAME:+-- "$$NAME"}
worker: OPTIONS = $(CLUSTER)
scheduler: OPTIONS = $(LISTEN)
cluster-demo: OPTIONS = $(CHOICE)

.DEFAULT_GOAL := help
.PHONY: $(WORDS)

$(WORDS):
	@$(if $(NAMED),test "$$("$$PYTHON" -c 'print(3)' 2>/dev/null)" = 3,command -v "$$PYTHON" >/dev/null 2>&1) || { \
	  echo "error: PYTHON=$$PYTHON is not a Python here: set it to a Python 3.11 or newer" >&2; \
	  exit 2; }; \
	python=$$PYTHON; $(if $(NAMED),,unset PYTHON;) \
	exec "$$python" -E -m site_gen $@ \
	  $(OPTIONS)
