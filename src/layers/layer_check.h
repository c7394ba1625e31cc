#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "archive/file_list.h"
#include "layers/layer.h"

/// What is in a layer's directory, and whether it still is: `halcyon verify`.
namespace halcyon {

constexpr const char* tag_file = "tag";
/// The list of a layer's files, at its top beside the tag and at the end of its archive.
constexpr const char* list_file = "files";

/// Writes the list of a layer that is not archived.
void write_list(const Layer& layer);

/// Whether tools write to this place in a finished layer, which `layer` names: caches that are made
/// of what is beside them, locks, what cabal downloads, and its working directories. The layer is
/// not judged by it.
bool is_for_tools(const std::string& layer, const std::filesystem::path& dir,
                  const std::filesystem::path& path);

/// What is not as it was when the layer was made, a line each: its tag, its files and their modes
/// and contents. Reads all of them. Nothing for a directory that holds no layer.
std::vector<std::string> layer_problems(const std::string& layer, const std::filesystem::path& dir,
                                        const std::filesystem::path& root);

}  // namespace halcyon
