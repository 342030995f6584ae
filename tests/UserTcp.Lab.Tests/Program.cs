using System.Globalization;
using System.IO.Pipelines;
using UserTcp.Lab.Tests.Gateway;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests;

/// <summary>
/// A process of its own, started by a test in the host's namespace: connects to the peer's port that it is given, reads
/// an exit code, and leaves: by returning if it is 0. Or what <see cref="DescriptorShortage"/> does.
/// </summary>
internal static class Program
{
    private const string Address = "10.9.0.50/24";

    private static async Task Main(string[] args)
    {
        if (args[0] == DescriptorShortage.Command)
        {
            await DescriptorShortage.RunAsync(int.Parse(args[1], CultureInfo.InvariantCulture));
            return;
        }

        // Nothing is disposed of: what the peer hears in the end is what the library does about it.
        UserTcpStack stack = await UserTcpStack.OpenAsync($"pcap:{LabNetwork.HostDevice}", Address);
        UserTcpConnection connection =
            await stack.ConnectAsync(LabNetwork.PeerAddress, int.Parse(args[0], CultureInfo.InvariantCulture));
        ReadResult word = await connection.Input.ReadAsync();
        byte exitCode = word.Buffer.FirstSpan[0];
        connection.Input.AdvanceTo(word.Buffer.End);
        if (exitCode != 0)
            Environment.Exit(exitCode);
    }
}
