using System.Globalization;
using System.IO.Pipelines;
using UserTcp.Lab.Tests.Gateway;
using UserTcp.Lab.Tests.Links;
using UserTcp.Lab.Tests.Support;
using Xunit.Runner.InProc.SystemConsole;

namespace UserTcp.Lab.Tests;

/// <summary>The test runner, or a process of its own that a test started with a command and its argument.</summary>
internal static class Program
{
    /// <summary>The command of a process that leaves without closing its connection.</summary>
    public const string LeaveCommand = "leave";

    private const string Address = "10.9.0.50/24";

    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case [LeaveCommand, string port]:
                await LeaveAsync(int.Parse(port, CultureInfo.InvariantCulture));
                return 0;
            case [DescriptorShortage.Command, string port]:
                await DescriptorShortage.RunAsync(int.Parse(port, CultureInfo.InvariantCulture));
                return 0;
            case [LoadedAssemblies.Command, string link]:
                await LoadedAssemblies.RunAsync(link);
                return 0;
            default:
                return await ConsoleRunner.Run(args);
        }
    }

    // Runs in the host's namespace, connects to the peer's port, and reads an exit code. A code of 0 returns, others
    // exit. Nothing is disposed of: what the peer hears in the end is what the library does about it.
    private static async Task LeaveAsync(int port)
    {
        UserTcpStack stack = await UserTcpStack.OpenAsync($"pcap:{LabNetwork.HostDevice}", Address);
        UserTcpConnection connection = await stack.ConnectAsync(LabNetwork.PeerAddress, port);
        ReadResult word = await connection.Input.ReadAsync();
        byte exitCode = word.Buffer.FirstSpan[0];
        connection.Input.AdvanceTo(word.Buffer.End);
        if (exitCode != 0)
            Environment.Exit(exitCode);
    }
}
