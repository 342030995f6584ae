using System.CommandLine;
using System.Net;
using UserTcp.Links;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>
/// <c>holder</c>: a stack of ours at the far end of the veth pair, which accepts connections and leaves them alone,
/// until its input ends. The kernel's sockets would be as many files, which few systems allow.
/// </summary>
internal static class HolderCommand
{
    public const int FirstPort = 9900;
    public const int Ports = 10;
    private const int Host = 200;

    public static IPAddress Address { get; } = Cable.Address(Host);

    public static Command Make()
    {
        var command = new Command("holder", "The far end of idle connections.") { Hidden = true };
        command.SetAction(_ => RunAsync());
        return command;
    }

    private static async Task<int> RunAsync()
    {
        var options = new UserTcpStackOptions
        {
            Link = LinkDevice.Open($"packet:{Cable.FarDevice}"), DetectAddressConflicts = false,
        };
        options.Addresses.Add(new UserTcpAddress(Address, 24));
        await using UserTcpStack stack = await UserTcpStack.OpenAsync(options);
        for (int i = 0; i < Ports; i++)
        {
            UserTcpListener listener = await stack.ListenAsync(FirstPort + i);
            Background.Run(() => HoldAsync(listener));
        }

        return await OrderLoop.RunAsync(
            order => throw new ArgumentException($"The holder does not do {order.Work}.", nameof(order)));
    }

    private static async Task HoldAsync(UserTcpListener listener)
    {
        List<UserTcpConnection> held = [];
        await foreach (UserTcpConnection accepted in listener.AcceptAllAsync())
        {
            held.Add(accepted);
        }
    }
}
