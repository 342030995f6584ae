using System.CommandLine;
using UserTcp.Tool.Machine;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>doctor</c>: finds problems and prints their repairs. Exit code 1 if there is a problem.</summary>
internal sealed class DoctorCommand(ToolContext context) : ToolCommand(
    context, "doctor",
    "Checks privileges, links, resets by the kernel, forwarding and offloads, and prints the repair for each.",
    "doctor", "doctor --link eth0 --address 192.168.1.50/24")
{
    public override GlobalOptionSet Heeds => GlobalOptionSet.Network | GlobalOptionSet.Output;

    protected override Task<int> RunAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        NetworkSettings settings = Context.Options.NetworkOf(parsed);
        if (string.IsNullOrWhiteSpace(settings.Link))
            throw new ToolException(Failure.Usage, "--link takes the name of a link, not an empty one.");

        return Task.FromResult(Show(new ThisMachine(), settings, output));
    }

    internal static int Show(IMachine machine, NetworkSettings settings, ToolOutput output)
    {
        IReadOnlyList<Finding> findings = new Doctor(machine, settings).Examine();
        if (output.IsJson)
        {
            output.Json(findings);
        }
        else
        {
            var table = new TextTable("", "what", "found").EndingInProse();
            foreach (Finding finding in findings)
            {
                table.Add(Word(finding.Severity), finding.Subject, finding.Text);
            }

            table.Show(output);
            ShowRemedies(findings, output);
        }

        return findings.Any(finding => finding.Severity == Severity.Problem) ? 1 : 0;
    }

    // Below the table, each on a line of its own: they are there to be copied.
    private static void ShowRemedies(IReadOnlyList<Finding> findings, ToolOutput output)
    {
        foreach (Finding finding in findings.Where(finding => finding.Remedy is not null))
        {
            output.Line("");
            output.Line($"{finding.Subject}:");
            output.Line($"  {finding.Remedy}");
        }
    }

    private static string Word(Severity severity) => severity switch
    {
        Severity.Ok => "ok",
        Severity.Warning => "warning",
        _ => "problem",
    };
}
