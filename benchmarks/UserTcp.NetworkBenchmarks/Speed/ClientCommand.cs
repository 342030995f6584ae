using System.CommandLine;
using System.IO.Pipelines;
using System.Net;
using UserTcp.Links;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>
/// <c>client</c>: the near end, a process inside the namespace of its cable. It takes an <see cref="Order"/> a line and
/// answers with an <see cref="Outcome"/>. A stack lives as long as its order, so that no others' frames pass it by.
/// </summary>
internal static class ClientCommand
{
    private const int FirstHost = 50;
    private static int s_opened;

    public static Command Make()
    {
        var cable = new Option<Cable>("--cable");
        var port = new Option<int>("--port");
        var command = new Command("client", "The near end of the speed command.") { cable, port };
        command.Hidden = true;
        command.SetAction(parsed => RunAsync(parsed.GetValue(cable), parsed.GetValue(port)));
        return command;
    }

    private static async Task<int> RunAsync(Cable cable, int port)
    {
        Console.WriteLine(PeerCommand.Ready);
        while (Console.ReadLine() is { Length: > 0 } line)
        {
            Outcome outcome;
            try
            {
                outcome = await ObeyAsync(Order.Parse(line), cable, port);
            }
            catch (Exception e) when (e is IOException or InvalidDataException or HttpRequestException
                or UserTcpConnectionException or System.Net.Sockets.SocketException)
            {
                outcome = new Outcome([], Error: $"{e.GetType().Name}: {e.Message}");
            }

            Console.WriteLine(outcome.ToLine());
        }

        return 0;
    }

    private static async Task<Outcome> ObeyAsync(Order order, Cable cable, int port)
    {
        IPAddress peer = SpeedLab.PeerAddress(cable);
        await using IWires wires = order.Link == Contender.Kernel
            ? new KernelWires(peer)
            : new StackWires(await OpenAsync(order, cable), peer);
        return order.Work switch
        {
            Workload.Receive => await Bulk.ReceiveAsync(wires, port, order),
            Workload.Send => await Bulk.SendAsync(wires, port, order),
            Workload.Crowd => await Bulk.SendByThreadsAsync(wires, port, order),
            Workload.PingPong => await Turns.PingPongAsync(wires, port, order),
            Workload.Connect => await Turns.ConnectAsync(wires, port, order),
            Workload.Http => await HttpRequests.RunAsync(wires, peer, port, order),
            _ => await IdleConnections.RunAsync(wires, order),
        };
    }

    // A new address each time: the peer's memory of the last stack's connections is nobody's business.
    private static async Task<UserTcpStack> OpenAsync(Order order, Cable cable)
    {
        int host = FirstHost + s_opened++ % (254 - FirstHost);
        var options = new UserTcpStackOptions
        {
            Link = LinkDevice.Open($"{order.Link}:{SpeedLab.Device}"),
            DetectAddressConflicts = false,
            ApplicationScheduler = order.IsInline ? PipeScheduler.Inline : PipeScheduler.ThreadPool,
        };
        options.Addresses.Add(new UserTcpAddress(SpeedLab.Address(cable, host), 24));
        return await UserTcpStack.OpenAsync(options);
    }
}
