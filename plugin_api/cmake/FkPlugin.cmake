# fk_add_plugin(name [VERSION v] [SOURCES ...] [LIBS ...]): see below; written by the owner of plugin_api.
