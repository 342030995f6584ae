using System.Diagnostics;
using System.Net;
using UserTcp;
using UserTcp.Diagnostics;
using UserTcp.Links;
using VirtualLan;

// A local network in one process: hosts with stacks of their own on a switch, everybody talks to everybody, and one
// capture holds it all.
//
//   dotnet run --project samples/VirtualLan [-- HOSTS [lan.pcapng]]
int hosts = args.Length > 0 ? int.Parse(args[0]) : 4;
string? path = args.Length > 1 ? args[1] : null;
if (hosts is < 2 or > 200)
{
    Console.Error.WriteLine("From 2 to 200 hosts.");
    return 2;
}

using PcapngTap? tap = path is null ? null : PcapngTap.Create(path);
using var lan = new EthernetSwitch();
UserTcpStack[] stacks = await Task.WhenAll(Enumerable.Range(1, hosts).Select(OpenAsync));
UserTcpListener[] listeners = await Task.WhenAll(stacks.Select(stack => stack.ListenAsync(7).AsTask()));
Task serving = Task.WhenAll(listeners.Select(Traffic.EchoAllAsync));
Console.WriteLine($"{hosts} hosts are up, each with an address that nobody else answered for.");

var clock = Stopwatch.StartNew();
long[] bytes = await Task.WhenAll(
    from client in stacks
    from server in stacks
    where client != server
    select Traffic.AskAsync(client, server.Addresses[0].Address, bytes: 200_000));
Console.WriteLine(
    $"{bytes.Length} connections carried {bytes.Sum() / 1e6:F1} MB there and back in "
    + $"{clock.Elapsed.TotalSeconds:F2} s.");
Console.WriteLine(
    $"The switch knows {lan.Known} stations; it forwarded {lan.Forwarded:N0} frames, flooded {lan.Flooded:N0}, and "
    + $"dropped {lan.Dropped:N0}.");
foreach (UserTcpNeighbor neighbor in stacks[0].GetNeighbors())
{
    Console.WriteLine($"{stacks[0].Addresses[0].Address} knows {neighbor.Address} at {neighbor.MacAddress}");
}

await Task.WhenAll(listeners.Select(listener => listener.DisposeAsync().AsTask()));
await serving;
await Task.WhenAll(stacks.Select(stack => stack.DisposeAsync().AsTask()));
return 0;

async Task<UserTcpStack> OpenAsync(int number)
{
    var options = new UserTcpStackOptions
    {
        Name = $"host{number}",
        Link = lan.Plug($"host{number}"),
        Addresses = { new UserTcpAddress(IPAddress.Parse($"10.0.0.{number}"), 24) },
    };
    if (tap is not null)
        options.Taps.Add(tap);
    return await UserTcpStack.OpenAsync(options);
}
