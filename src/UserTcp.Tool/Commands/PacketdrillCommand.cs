using System.CommandLine;
using UserTcp.Testing.Packetdrill;
using UserTcp.Tool.Scripts;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary>
/// <c>pkt</c>: scripts of packetdrill, over the stack in virtual time. Exit code 1 if any failed, 2 if there was
/// nothing to run.
/// </summary>
internal sealed class PacketdrillCommand : ToolCommand
{
    private readonly Argument<string[]> _paths = new Argument<string[]>("PATH")
    {
        Description = "Scripts, or folders of them.", Arity = ArgumentArity.OneOrMore,
    }.NeverEmpty();

    private readonly Option<PacketdrillProfile> _profile = new("--profile")
    {
        Description = "The system that the scripts were written for: linux, freebsd, or auto (by the script's words).",
        CustomParser = argument => GlobalOptions.Read<PacketdrillProfile?>(
            argument, ReadProfile, "linux, freebsd or auto") ?? default,
    };

    private readonly Option<bool> _strict = new("--strict")
    {
        Description = "Compares everything as written, not only what any TCP owes.",
    };

    // The global option of that name has no file. Who gives none has that one.
    private readonly Option<string?> _json = new Option<string?>("--json", "-J")
    {
        HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne,
        Description = "Writes the results as JSON to a file; without a file, prints them instead of the lines.",
    }.NeverEmpty();

    private readonly Option<string?> _captures = new Option<string?>("--pcapng")
    {
        HelpName = "FOLDER", Description = "The folder for a capture of each script.",
    }.NeverEmpty();

    public PacketdrillCommand(ToolContext context)
        : base(
            context, "pkt", "Runs packetdrill scripts over the stack, in virtual time.",
            "pkt tests/scripts", "pkt one.pkt --strict --pcapng captures", "pkt tests/scripts --json")
    {
        Arguments.Add(_paths);
        foreach (Option option in (Option[])[_profile, _strict, _json, _captures])
        {
            Options.Add(option);
        }
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.Output;

    protected override bool WantsJson(ParseResult parsed) =>
        base.WantsJson(parsed) || (parsed.GetResult(_json) is not null && parsed.GetValue(_json) is null);

    /// <summary>1 is kept for scripts that failed.</summary>
    protected override int CodeOf(Failure failure) => 2;

    // Their usual reader would take numbers, too.
    private static PacketdrillProfile? ReadProfile(string text) =>
        Enum.GetNames<PacketdrillProfile>().Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<PacketdrillProfile>(text, ignoreCase: true)
            : null;

    protected override Task<int> RunAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        var plan = new ScriptPlan
        {
            Paths = parsed.GetValue(_paths)!,
            Options = new() { Profile = parsed.GetValue(_profile), IsStrict = parsed.GetValue(_strict) },
            ResultFile = parsed.GetValue(_json),
            CaptureFolder = parsed.GetValue(_captures),
        };
        return Task.Run(() => new ScriptRun(plan, output).Run(cancellationToken), cancellationToken);
    }
}
