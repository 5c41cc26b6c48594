package io.fastforward.cli;

import java.lang.reflect.Member;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The options of a command in its help, under headings: a list of forty in the order of the alphabet says little. */
final class GroupedHelp {

    private static final String OWN = "Options";
    private static final String GENERAL = "General";

    private GroupedHelp() {}

    /** Has the commands of another one list their options like this. */
    static void of(CommandLine command) {
        command.getSubcommands()
                .values()
                .forEach(one ->
                        one.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, GroupedHelp::options));
    }

    private static String options(Help help) {
        List<OptionSpec> options = help.commandSpec().options().stream()
                .filter(option -> !option.hidden())
                .toList();
        Map<String, List<OptionSpec>> groups = new LinkedHashMap<>();
        groups.put(OWN, new ArrayList<>()); // those of the command itself come first, and need no heading
        options.forEach(option -> groups.computeIfAbsent(heading(option).orElse(OWN), added -> new ArrayList<>())
                .add(option));
        List<OptionSpec> general = groups.remove(GENERAL); // last, whatever else there is
        StringBuilder text = new StringBuilder();
        groups.forEach((heading, some) -> text.append(list(help, heading, some, options)));
        if (general != null) {
            text.append(list(help, GENERAL, general, options));
        }
        return text.toString();
    }

    /** @param all options of the command, so that the columns of all groups are as wide */
    private static String list(Help help, String heading, List<OptionSpec> some, List<OptionSpec> all) {
        Help.Layout layout = help.createDefaultLayout(all, List.of(), help.colorScheme());
        layout.addAllOptions(some, help.createDefaultParamLabelRenderer());
        String title = heading.equals(OWN) ? "" : System.lineSeparator() + heading + ":" + System.lineSeparator();
        return title + layout;
    }

    private static Optional<String> heading(OptionSpec option) {
        if (!(option.userObject() instanceof Member member)) {
            return Optional.empty();
        }
        OptionHeading heading = member.getDeclaringClass().getAnnotation(OptionHeading.class);
        boolean ours = member.getDeclaringClass().getPackage().equals(GroupedHelp.class.getPackage());
        return ours
                ? Optional.ofNullable(heading).map(OptionHeading::value)
                : Optional.of(GENERAL); // --help, --version
    }
}
