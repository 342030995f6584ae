using System.CommandLine;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using UserTcp.Links;
using UserTcp.NetworkBenchmarks.Bare;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>
/// <c>near</c>: the near end of a contender, a process inside the namespace of its cable, on kernel sockets, on a stack
/// of ours or without any. It obeys orders.
/// </summary>
internal static class NearCommand
{
    public static Command Make()
    {
        var link = new Option<string?>("--link") { Description = "The stack's link; none for kernel sockets." };
        var inline = new Option<bool>("--inline");
        var shards = new Option<int>("--shards") { DefaultValueFactory = _ => 1 };
        var bare = new Option<bool>("--bare");
        var web = new Option<bool>("--web");
        var command = new Command("near", "The near end of the speed command.") { link, inline, shards, bare, web };
        command.Hidden = true;
        command.SetAction(parsed => parsed.GetValue(bare)
            ? RunBareAsync(parsed.GetValue(link)!)
            : RunAsync(
                parsed.GetValue(link), parsed.GetValue(shards), parsed.GetValue(inline), parsed.GetValue(web)));
        return command;
    }

    private static async Task<int> RunBareAsync(string link)
    {
        using var bare = new BareLink(LinkDevice.Open(link), Cable.StackAddress, Cable.FarAddress);
        return await OrderLoop.RunAsync(order => Task.FromResult(order.Work == Workload.Send
            ? BareStreams.Send(bare, FarCommand.Sink, order)
            : BareStreams.Receive(bare, FarCommand.Source, order)));
    }

    private static async Task<int> RunAsync(string? link, int shards, bool isInline, bool isWeb)
    {
        await using UserTcpStack? stack = link is null ? null : await OpenAsync(link, shards, isInline);
        await using WebApplication? web = isWeb ? await Kestrel.StartAsync(stack) : null;
        IWires wires = stack is null ? new KernelWires() : new StackWires(stack);
        int exit = await OrderLoop.RunAsync(order => ObeyAsync(order, wires));
        if (web is not null)
            await web.StopAsync();
        return exit;
    }

    private static Task<Outcome> ObeyAsync(Order order, IWires wires) => order.Work switch
    {
        Workload.Receive => Bulk.ReceiveAsync(wires, order),
        Workload.Send => Bulk.SendAsync(wires, order),
        Workload.Crowd => Bulk.SendByThreadsAsync(wires, order),
        Workload.PingPong => Turns.PingPongAsync(wires, order),
        Workload.Connect => Turns.ConnectAsync(wires, order),
        Workload.Http => HttpRequests.RunAsync(wires, order),
        Workload.Idle => IdleConnections.RunAsync(wires, order),
        _ => throw new ArgumentException($"The near end does not do {order.Work}.", nameof(order)),
    };

    private static ValueTask<UserTcpStack> OpenAsync(string link, int shards, bool isInline)
    {
        var options = new UserTcpStackOptions
        {
            Link = LinkDevice.Open(link),
            Shards = shards,
            DetectAddressConflicts = false,
            ApplicationScheduler = isInline ? PipeScheduler.Inline : PipeScheduler.ThreadPool,
        };
        options.Addresses.Add(new UserTcpAddress(Cable.StackAddress, 24));
        return UserTcpStack.OpenAsync(options);
    }
}
