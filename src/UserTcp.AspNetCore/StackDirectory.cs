using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace UserTcp.AspNetCore;

/// <summary>The stacks among an application's services.</summary>
internal sealed class StackDirectory
{
    private readonly IServiceProvider _services;
    private readonly Lazy<UserTcpStack[]> _stacks;

    public StackDirectory(IServiceProvider services)
    {
        _services = services;
        _stacks = new Lazy<UserTcpStack[]>(FindAll);
    }

    /// <summary>The stack that has an address; null if none has.</summary>
    public UserTcpStack? OwnerOf(IPAddress address) =>
        Array.Find(_stacks.Value, stack => stack.Addresses.Any(own => own.Address.Equals(address)));

    /// <summary>The stack of an end point.</summary>
    /// <exception cref="InvalidOperationException">None is registered that could be meant, or several are.</exception>
    public UserTcpStack StackOf(UserTcpEndPoint endPoint)
    {
        if (endPoint.Stack is not null)
            return endPoint.Stack;
        if (endPoint.StackKey is not null)
            return _services.GetRequiredKeyedService<UserTcpStack>(endPoint.StackKey);
        if (!endPoint.Address.Equals(IPAddress.Any))
        {
            return OwnerOf(endPoint.Address) ?? throw new InvalidOperationException(
                $"No registered stack has the address {endPoint.Address}: register it by UseUserTcp(stack), or as a "
                + "service.");
        }

        return _stacks.Value.Length == 1
            ? _stacks.Value[0]
            : throw new InvalidOperationException(
                $"{_stacks.Value.Length} stacks are registered: name the one that has to listen on {endPoint}.");
    }

    private UserTcpStack[] FindAll()
    {
        IEnumerable<UserTcpStack> stacks = _services.GetServices<UserTcpStack>();
        if (_services is IKeyedServiceProvider keyed)
            stacks = stacks.Concat(keyed.GetKeyedServices<UserTcpStack>(KeyedService.AnyKey));
        return [.. stacks.Distinct()];
    }
}
