package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.ComputeBackend;
import java.util.ServiceLoader;

/** Finds and asks the provider in a process of its own, as the application does. */
final class ProbeWithoutApi {

    private ProbeWithoutApi() {}

    public static void main(String[] arguments) {
        ComputeBackend.Provider provider = ServiceLoader.load(ComputeBackend.Provider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(found -> found.id().equals("tornado"))
                .findFirst()
                .orElseThrow();
        boolean api =
                ProbeWithoutApi.class.getClassLoader().getResource("uk/ac/manchester/tornado/api/KernelContext.class")
                        != null;
        System.out.println("api: " + api);
        System.out.println("available: " + provider.probe().available());
        System.out.println("devices: " + provider.devices().size() + " of " + provider.drivers());
    }
}
