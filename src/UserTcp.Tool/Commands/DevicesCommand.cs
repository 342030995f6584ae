using System.CommandLine;
using System.Globalization;
using UserTcp.Links;
using UserTcp.Tool.Machine;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>devices</c>: what <c>--link</c> may be.</summary>
internal sealed class DevicesCommand(ToolContext context) : ToolCommand(
    context, "devices", "Lists the network interfaces, the best link to each, and whether it can be opened.",
    "devices", "devices --json")
{
    public override GlobalOptionSet Heeds => GlobalOptionSet.Output;

    protected override Task<int> RunAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        Show(new ThisMachine(), output);
        return Task.FromResult(0);
    }

    internal static void Show(IMachine machine, ToolOutput output)
    {
        var rows = machine.Interfaces().Select(item => (Interface: item, Access: machine.CheckAccess(item.Name)))
            .ToList();
        if (output.IsJson)
        {
            output.Json(rows.Select(row => new
            {
                row.Interface.Name,
                Link = row.Access.Name,
                row.Interface.IsUp,
                row.Interface.IsLoopback,
                Mac = row.Interface.Mac?.ToString(),
                row.Interface.Mtu,
                Addresses = row.Interface.Addresses.Select(address => address.ToString()),
                CanOpen = row.Access.IsGranted,
                Problem = row.Access.IsGranted ? (LinkProblem?)null : row.Access.Problem,
                Reason = row.Access.IsGranted ? null : row.Access.Reason,
                Remedy = row.Access.IsGranted ? null : row.Access.Remedy,
            }));
            return;
        }

        TextTable table = new TextTable("device", "state", "mac", "mtu", "kernel's addresses", "link", "access")
            .AlignRight(3).MayLack(3, 2, 1, 4);
        foreach ((MachineInterface item, LinkAccess access) in rows)
        {
            table.Add(
                item.Name, item.IsUp ? "up" : "down", item.Mac?.ToString() ?? "-",
                item.Mtu.ToString(CultureInfo.InvariantCulture), string.Join(' ', item.Addresses),
                access.Name, access.IsGranted ? "ok" : "problem");
        }

        table.Add("gateway", "up", "-", "1500", "", "gateway", "ok");
        table.Show(output);
        ShowProblems(rows.Select(row => row.Access).Where(access => !access.IsGranted), output);
    }

    // Below the table: too long for a column, and there to be copied. Many links often lack the same.
    private static void ShowProblems(IEnumerable<LinkAccess> refused, ToolOutput output)
    {
        foreach (IGrouping<(string Reason, string Remedy), LinkAccess> alike in
            refused.GroupBy(access => (access.Reason, access.Remedy)))
        {
            output.Line("");
            output.Line($"{string.Join(", ", alike.Select(access => access.Name))}: {alike.Key.Reason}");
            if (alike.Key.Remedy.Length > 0)
                output.Line($"  {alike.Key.Remedy}");
        }
    }
}
