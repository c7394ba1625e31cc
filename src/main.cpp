#include <sys/prctl.h>

#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/version.h"
#include "cli/command_line.h"
#include "deploy/commands.h"
#include "deploy/doctor.h"
#include "deploy/key_commands.h"
#include "deploy/self_update.h"
#include "deploy/storage_commands.h"
#include "deploy/verify.h"
#include "heroku/buildpack.h"
#include "heroku/ci.h"
#include "heroku/dyno.h"
#include "net/http.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace halcyon {
namespace {

/// Secrets are in our environment and memory: children, which run as the same user and compile what
/// others wrote, may not read them in /proc, and no core file holds them.
void keep_secrets_to_ourselves() {
#ifndef __SANITIZE_ADDRESS__  // its leak checker has to trace us
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

Environment our_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

Exit run_heroku(const std::vector<std::string>& words, const Environment& environment) {
  const std::string& hook = words.at(0);
  if (hook == "detect") return buildpack_detect(words.at(1));
  if (hook == "report") {
    std::fputs(buildpack_report(words.at(2)).c_str(), stdout);
    return Exit::done;
  }
  if (hook == "release") {
    std::fputs(buildpack_release().c_str(), stdout);
    return Exit::done;
  }
  init_net();
  if (hook == "test") return buildpack_test(words.at(1), environment);
  const HookCall call{words.at(1), words.at(2), words.size() > 3 ? words[3] : "", environment};
  return hook == "compile" ? buildpack_compile(call) : buildpack_test_compile(call);
}

Exit run_command(const CommandLine& line, const Environment& environment,
                 const std::vector<std::string>& arguments) {
  if (line.help) {
    std::fputs(help_text(line.command).c_str(), stdout);
    return Exit::done;
  }
  if (line.version) {
    std::printf("halcyon %s\n", std::string(kVersion).c_str());
    return Exit::done;
  }
  if (line.command == "reference") {
    std::fputs(reference_page().c_str(), stdout);
    return Exit::done;
  }
  if (line.command == "paths") {
    const std::string top = self_path().parent_path().parent_path().string();
    std::fputs(paths_script(top).c_str(), stdout);
    return Exit::done;
  }
  if (line.command == "heroku") return run_heroku(line.arguments, environment);
  // A third of a millisecond, of five that a command which only reads a file may take.
  if (line.command != "label" && line.command != "executable") init_net();
  if (line.command == "doctor") {
    return print_findings(examine(patient_here(line.flags, environment)), line.json);
  }
  if (line.command == "verify") {
    return print_findings(verify({patient_here(line.flags, environment).flags, environment}),
                          line.json);
  }
  Options options(line.flags, environment);
  if (line.command == "deploy" || line.command == "build") {
    update_self(options, environment, arguments);
  }
  if (line.command == "keys") {
    command_keys(options, line.arguments);
    return Exit::done;
  }
  if (line.command == "s3") return command_s3(options, line.arguments);
  const std::string app = line.arguments.empty() ? "" : line.arguments.front();
  if (line.command == "build" && app.empty() && !slug_source().empty()) {
    build_on_dyno(options, environment);
  } else if (line.command == "build") {
    command_build(options, environment, app);
  } else if (line.command == "label") {
    command_label(options, environment, app);
  } else if (line.command == "executable") {
    command_executable(options, environment, app);
  } else if (line.command == "restore" && app.empty() && !slug_source().empty()) {
    restore_on_dyno(options, environment);
  } else if (line.command == "restore") {
    command_restore(options, environment, app);
  } else if (line.command == "constraints") {
    command_constraints(options, environment, app);
  } else {
    command_deploy(options, environment, app);
  }
  return Exit::done;
}

}  // namespace
}  // namespace halcyon

int main(int argc, char** argv) {
  using namespace halcyon;
  keep_secrets_to_ourselves();
  const interrupt::Watch watch;
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return static_cast<int>(
        run_command(parse_command_line(arguments), our_environment(), arguments));
  } catch (const Error& error) {
    log::error(error);
    return static_cast<int>(error.exit());
  } catch (const Interrupted& interrupted) {
    log::error(interrupted.error());
    return interrupted.exit_status();
  } catch (const std::system_error& error) {  // of the file system, or of a thread
    log::error(system_error(error.what(), error.code().value()));
    return static_cast<int>(Exit::failed);
  } catch (const std::exception& error) {
    log::error(Error("internal", "Internal error: " + std::string(error.what())));
    return static_cast<int>(Exit::failed);
  }
}
